"""The model arcface with OpenCV as the extract image has it."""

from pathlib import Path

import pytest

from tests.support.baked import bake_model
from tests.support.trimmed_opencv import assert_same_records


@pytest.mark.timeout(1200)
def test_it_computes_the_same_to_the_bit(tmp_path: Path) -> None:
    installed = assert_same_records(tmp_path, bake_model().folder)
    assert "sample5.jpg" in installed
