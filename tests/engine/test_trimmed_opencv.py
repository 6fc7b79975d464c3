"""OpenCV as the extract image has it: no function of the libraries that were dropped is reached.

A call would end the process with SIGSEGV, as tests/unit/container/test_drop_libraries.py shows.
"""

from pathlib import Path

from tests.support.labels import GROUP_FACES
from tests.support.opencv_record import FORMATS, MAX_BATCH
from tests.support.trimmed_opencv import assert_same_records


def test_it_computes_the_same_to_the_bit(tmp_path: Path) -> None:
    installed = assert_same_records(tmp_path)
    assert {f"portrait {name}" for name in FORMATS} <= installed.keys()
    assert installed.keys() >= GROUP_FACES.keys()
    assert f"batch of {MAX_BATCH}" in installed
