"""The script on a copy of the installed OpenCV, and on one that lacks what it looks for."""

import csv
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import lief
import pytest

from tests.support.trimmed_opencv import copy_opencv, drop_libraries

MODULE = "cv2/cv2.abi3.so"
DROPPED = {"libavcodec", "libavformat", "libavutil", "libswscale", "libopenblasp"}
# Only the dropped ones need these.
NEEDED_BY_DROPPED = {
    *("libcrypto", "libdrm", "libgfortran", "libquadmath", "libssl", "libswresample", "libvpx"),
}
# AVIF and PNG.
KEPT = {"libaom", "libavif", "libpng16"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    copy_opencv(folder)
    done = drop_libraries(folder)
    assert done.returncode == 0, done.stderr
    return folder


def libraries_in(folder: Path) -> set[str]:
    return {file.name.partition("-")[0] for file in folder.glob("*.libs/*")}


def test_what_nothing_needs_any_more_is_removed(folder: Path, tmp_path: Path) -> None:
    copy_opencv(tmp_path)
    # ARM's wheel has no libquadmath.
    all_of_them = DROPPED | NEEDED_BY_DROPPED | KEPT
    assert all_of_them - libraries_in(tmp_path) <= {"libquadmath"}
    assert libraries_in(folder) == KEPT


def test_the_module_needs_only_what_is_there(folder: Path) -> None:
    binary = lief.ELF.parse(folder / MODULE)
    assert binary is not None
    needed = {str(name) for name in binary.libraries}
    bundled = {name for name in needed if "-" in name and not name.startswith("ld-linux")}
    assert {name.partition("-")[0] for name in bundled} == {"libavif", "libpng16"}
    assert all(next(folder.glob(f"*.libs/{name}")).is_file() for name in bundled)
    # The loader refuses a version of a library that it did not load.
    assert {str(entry.name) for entry in binary.symbols_version_requirement} <= needed


def test_what_it_no_longer_finds_is_weak(folder: Path) -> None:
    binary = lief.ELF.parse(folder / MODULE)
    assert binary is not None
    symbols = {str(symbol.name): symbol for symbol in binary.imported_symbols}
    for name in ("avcodec_open2", "avformat_open_input", "av_frame_alloc", "sws_scale"):
        assert symbols[name].binding == lief.ELF.Symbol.BINDING.WEAK
    for name in ("cblas_sgemm", "sgesdd_", "dgesv_"):
        assert symbols[name].binding == lief.ELF.Symbol.BINDING.WEAK
    for name in ("avifDecoderCreate", "png_read_image"):
        assert symbols[name].binding == lief.ELF.Symbol.BINDING.GLOBAL


def test_the_metadata_tells_of_it(folder: Path) -> None:
    (package,) = distributions(path=[str(folder)])
    files = {str(file): Path(str(file.locate())) for file in package.files or ()}
    (record,) = folder.glob("*.dist-info/RECORD")
    rows = list(csv.reader(record.read_text("utf-8").splitlines()))
    assert len(rows) > len(KEPT)
    assert not [row[0] for row in rows if not (folder / row[0]).exists()]
    assert not [name for name in files if "sboms" in name]
    assert [row[1:] for row in rows if row[0] == MODULE] == [["", ""]]
    (notice,) = (file for name, file in files.items() if name.endswith("licenses/NOTICE.txt"))
    text = notice.read_text("utf-8")
    for name in DROPPED | (NEEDED_BY_DROPPED - {"libquadmath"}):
        assert f"\n{name}-" in text
    assert not [name for name in KEPT if f"\n{name}-" in text]


def test_opencv_without_these_libraries_fails_the_build(folder: Path) -> None:
    done = drop_libraries(folder)
    assert done.returncode == 1
    assert f"{MODULE} no longer needs libavcodec" in done.stderr


def test_a_call_would_end_the_process(folder: Path) -> None:
    """So tests/engine/test_trimmed_opencv.py would find it."""
    program = "import cv2, numpy; cv2.gemm(*[numpy.ones((100, 100))] * 2, 1, None, 0)"
    for size, status in ((99, 0), (100, -11)):
        done = subprocess.run(
            [sys.executable, "-c", program.replace("100", str(size))],
            env={"PYTHONPATH": str(folder)},
            check=False,
        )
        assert done.returncode == status
