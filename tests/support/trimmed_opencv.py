"""A copy of the installed OpenCV without the libraries that the extract image leaves out."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from pathlib import Path

from tests.support.paths import ROOT, subprocess_environment

SCRIPT = ROOT / "container" / "drop_libraries.py"


def copy_opencv(folder: Path) -> None:
    """Copies the package, its libraries and its metadata into a folder."""
    packages = Path(str(distribution("opencv-python-headless").locate_file("")))
    for path in (packages / "cv2", *packages.glob("opencv_python_headless*")):
        shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))


def drop_libraries(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the build's script on a folder."""
    return subprocess.run(
        [sys.executable, SCRIPT, folder], capture_output=True, text=True, check=False
    )


def record(*arguments: str | Path, packages: Path | None = None) -> dict[str, list[object]]:
    """Returns what tests.support.opencv_record prints.

    Args:
        arguments: its arguments.
        packages: a folder whose cv2 it imports, with all symbols bound at once; by default it
            imports the installed one.
    """
    variables = {"LD_BIND_NOW": "1", "PYTHONPATH": str(packages)} if packages else {}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.opencv_record", *arguments],
        cwd=ROOT,
        env=subprocess_environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    # A call of a function that is missing would end it with SIGSEGV, -11.
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    answer = json.loads(done.stdout)
    copied = packages is not None and Path(answer["cv2"]).is_relative_to(packages)
    assert copied == (packages is not None), answer["cv2"]
    lines: dict[str, list[object]] = answer["lines"]
    return lines


def assert_same_records(folder: Path, *arguments: str | Path) -> dict[str, list[object]]:
    """Compares the trimmed OpenCV with the installed one; returns what both record.

    Args:
        folder: an empty folder for the copy.
        arguments: those of tests.support.opencv_record.
    """
    copy_opencv(folder)
    done = drop_libraries(folder)
    assert done.returncode == 0, done.stderr
    with ThreadPoolExecutor() as pool:
        trimmed = pool.submit(record, *arguments, packages=folder)
        installed = record(*arguments)
    assert trimmed.result() == installed
    return installed
