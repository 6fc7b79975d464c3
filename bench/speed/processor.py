"""The machine: its processor, the flags that matter, and matrices to measure its peak with."""

import os
import platform
import re
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.speed.rounds import Results
from bench.speed.servers import available_processors

FLAGS = ("avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
PACKAGES = (
    "deepface",
    "fastapi",
    "ncnn",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "pydantic",
    "retina-face",
    "simplejpeg",
    "uvicorn",
)
# The product of `make_matrices`: large enough for BLAS to run near the processors' peak.
MATRIX_SIDE = 2048
MATRIX_MULTIPLY_ADDS = MATRIX_SIDE**3


def describe_machine() -> Results:
    """Returns the processor, the operating system and the versions of the packages."""
    cpuinfo = Path("/proc/cpuinfo").read_text("utf-8")
    name = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)$", cpuinfo, re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    return {
        "processor": name[1] if name else platform.machine(),
        "processors": len(available_processors()),
        "flags": {flag: flag in known for flag in FLAGS},
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def make_matrices() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns two matrices of random numbers, (2048, 2048) float32."""
    rng = np.random.default_rng(0)
    shape = MATRIX_SIDE, MATRIX_SIDE
    return rng.random(shape, np.float32), rng.random(shape, np.float32)


def multiply(a: NDArray[np.float32], b: NDArray[np.float32]) -> None:
    """Multiplies matrices on all processors. OpenBLAS has one thread here, see `face_contract`."""
    parts = np.array_split(a, len(available_processors()))
    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(lambda rows: rows @ b, parts))
