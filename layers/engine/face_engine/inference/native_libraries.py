"""The shared libraries of large packages: loaded beside imports, with the variables they read."""

import ctypes
import importlib.util
import os
import threading
from pathlib import Path

# ONNX Runtime's Linux wheels report every process and session to Microsoft, and keep a device id
# and a database in the home folder. The library reads this variable when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# By default ncnn's threads wait for each other in a loop. If another process takes a processor,
# each of a hundred layers then waits for its turn: 1,380 ms for ArcFace instead of 120. But to wake
# a thread takes longer than most waits: with 500 rounds of the loop first, a few microseconds,
# ArcFace takes 22 ms instead of 28, and beside another process 40 instead of 37. The library reads
# these variables when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "500")

# Where the packages keep them.
LIBRARIES = {
    "cv2": "cv2.*.so",
    "onnxruntime": "capi/onnxruntime_pybind11_state.*.so",
    "ncnn": "ncnn.*.so",
}


def start_loading() -> threading.Thread:
    """Starts to load the libraries of the installed packages in a thread, and returns it.

    An import holds Python's lock while the system links a library; ctypes does not. A later import
    finds the library loaded. A library that cannot be loaded is left to the import to report.
    """
    thread = threading.Thread(target=_load, daemon=True)
    thread.start()
    return thread


def _load() -> None:
    for package, pattern in LIBRARIES.items():
        for file in _find(package, pattern):
            try:
                ctypes.CDLL(str(file))
            except OSError:
                continue


def _find(package: str, pattern: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    return [file for folder in folders or () for file in Path(folder).glob(pattern)]
