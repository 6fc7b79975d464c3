"""The shared libraries of the images: what nothing calls is gone, and nothing else is missing."""

import json

import pytest

from tests.image.conftest import Files
from tests.support.processes import run_module
from tools.mounted_image import MountedImage

MODULE = "var/task/cv2/cv2.abi3.so"
BUNDLED = "var/task/opencv_python_headless.libs/"


@pytest.mark.parametrize("name", ["face-extract", "face-local"])
def test_opencv_has_only_what_decodes_avif_and_png(files: Files, name: str) -> None:
    bundled = [path.removeprefix(BUNDLED) for path in files[name] if path.startswith(BUNDLED)]
    assert {file.partition("-")[0] for file in bundled} == {"libaom", "libavif", "libpng16"}
    # What removed the others is not there, either.
    assert [path for path in files[name] if "lief" in path.lower()] == []


@pytest.mark.parametrize("name", ["face-extract", "face-compare", "face-local"])
def test_no_library_is_needed_that_is_not_there(
    images: dict[str, MountedImage], files: Files, name: str
) -> None:
    assert [path for path in files[name] if path.endswith(".so")]
    missing = run_module("tests.support.elf_files", "missing", images[name].root, *files[name])
    assert json.loads(missing) == {}


def test_opencv_finds_every_function_but_those_that_were_dropped(
    images: dict[str, MountedImage],
) -> None:
    root = images["face-extract"].root
    symbols = json.loads(run_module("tests.support.elf_files", "unresolved", root, MODULE))
    # The interpreter exports its own.
    unresolved = {
        name: is_weak
        for name, is_weak in symbols[MODULE].items()
        if not name.startswith(("Py", "_Py"))
    }
    assert [name for name, is_weak in unresolved.items() if not is_weak] == []
    assert {"avformat_open_input", "cblas_sgemm"} <= unresolved.keys()
