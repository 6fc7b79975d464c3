"""The model arcface with OpenCV as the extract image has it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.baked import bake_model
from tests.support.trimmed_opencv import copy_opencv, drop_libraries, record


@pytest.mark.timeout(1200)
def test_it_computes_the_same_to_the_bit(tmp_path: Path) -> None:
    copy_opencv(tmp_path)
    done = drop_libraries(tmp_path)
    assert done.returncode == 0, done.stderr
    folder = bake_model().folder
    with ThreadPoolExecutor() as pool:
        trimmed = pool.submit(record, folder, packages=tmp_path)
        installed = record(folder)
    assert trimmed.result() == installed
    assert "sample5.jpg" in installed
