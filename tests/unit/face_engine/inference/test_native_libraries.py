"""Libraries are loaded without their packages, and a bad one is left to its import."""

import subprocess
import sys
from pathlib import Path

from tests.support.paths import subprocess_environment

LOAD = """
import sys
from pathlib import Path
from face_engine.inference.native_libraries import start_loading
start_loading().join()
maps = Path("/proc/self/maps").read_text()
print([name for name in ("cv2.abi3.so", "onnxruntime_pybind11_state", "ncnn.") if name in maps])
print([name for name in ("cv2", "onnxruntime", "ncnn", "numpy") if name in sys.modules])
import cv2, ncnn, numpy, onnxruntime
print(onnxruntime.get_available_providers()[-1], cv2.countNonZero(numpy.eye(3)), ncnn.Mat(2).w)
"""


def run(code: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path[:0] = {list(map(str, folders))}\n{code}"
    return subprocess.run(
        [sys.executable, "-c", code],
        env=subprocess_environment(),
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_libraries_are_loaded_and_the_packages_are_not_imported_yet() -> None:
    loaded, imported, works = run(LOAD).stdout.splitlines()
    assert loaded == "['cv2.abi3.so', 'onnxruntime_pybind11_state', 'ncnn.']"
    assert imported == "[]"
    assert works == "CPUExecutionProvider 3 2"


def test_a_broken_library_is_reported_by_the_import_only(tmp_path: Path) -> None:
    package = tmp_path / "cv2"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('from the import')")
    (package / "cv2.abi3.so").write_bytes(b"no library")
    done = run(
        "from face_engine.inference.native_libraries import start_loading\n"
        "start_loading().join()\nprint('went on', flush=True)\nimport cv2",
        tmp_path,
    )
    assert done.stdout == "went on\n"
    errors = [line for line in done.stderr.splitlines() if "Error" in line and line[0] != " "]
    assert errors == ["ImportError: from the import"]
