"""OpenCV as the extract image has it: no function of the libraries that were dropped is reached.

A call would end the process with SIGSEGV, as tests/unit/container/test_drop_libraries.py shows.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.labels import GROUP_FACES
from tests.support.opencv_record import FORMATS, MAX_BATCH
from tests.support.trimmed_opencv import copy_opencv, drop_libraries, record


def test_it_computes_the_same_to_the_bit(tmp_path: Path) -> None:
    copy_opencv(tmp_path)
    done = drop_libraries(tmp_path)
    assert done.returncode == 0, done.stderr
    with ThreadPoolExecutor() as pool:
        trimmed = pool.submit(record, packages=tmp_path)
        installed = record()
    assert trimmed.result() == installed
    assert {f"portrait {name}" for name in FORMATS} <= installed.keys()
    assert installed.keys() >= GROUP_FACES.keys()
    assert f"batch of {MAX_BATCH}" in installed
