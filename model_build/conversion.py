"""Converts Keras weights to an optimised ONNX file that gives the same numbers.

python -m model_build.conversion ArcFace arcface_weights.h5 arcface_weights.onnx
(with the interpreter that has requirements/bake.txt)
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from model_build.errors import ConversionFailed, WeightsRefused
from model_build.networks import NETWORKS

# What the conversion runs with, whatever the caller's environment says.
ENVIRONMENT = {
    # Both libraries build their networks with Keras 2.
    "TF_USE_LEGACY_KERAS": "1",
    "DEEPFACE_BACKEND_ENGINE": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",
    # The plain kernels: what they give does not depend on the processor.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # See onnx_session.py.
    "ORT_DISABLE_TELEMETRY": "1",
    # The same file each time: the order of sets is part of it.
    "PYTHONHASHSEED": "0",
    # deepface and retina-face download what they miss. Nobody listens at the discard port.
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """How far the ONNX file is from TensorFlow.

    Attributes:
        max_difference: the largest |Δ| of any number of any output.
        max_scaled_difference: the same, with each |Δ| divided by the largest magnitude of its
            output where that is above 1. This is what must not pass `parity.TOLERANCE`.
    """

    max_difference: float
    max_scaled_difference: float


def convert(network: str, weights: Path, onnx: Path) -> Conversion:
    """Writes `onnx` when it is whole and verified; else leaves what was there.

    The work is done in a process of its own, which gives the memory back (4 GB at the peak) and
    makes the file depend on nothing but the weights: the same weights give the same bytes.

    Args:
        network: a key of `NETWORKS`.
        weights: an `.h5` file as the libraries publish it.
        onnx: where to write. Its name should be the one that the libraries look for.

    Raises:
        WeightsRefused: the weights are damaged or another network's.
        ConversionFailed: the export failed, or gives other numbers than TensorFlow.
    """
    with tempfile.TemporaryDirectory(prefix="conversion-") as folder:
        work = Path(folder)
        # Our own module and files.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "model_build.export", network, weights.resolve(), work],
            # Where the module is found; all paths are absolute.
            cwd=Path(__file__).parents[1],
            env={**os.environ, **ENVIRONMENT, "DEEPFACE_HOME": str(work)},
            stdin=subprocess.DEVNULL,
            # deepface and retina-face log to it.
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            reason = work / "refusal"
            if reason.exists():
                raise WeightsRefused(reason.read_text("utf-8"))
            reason = work / "failure"
            raise ConversionFailed(
                reason.read_text("utf-8")
                if reason.exists()
                else f"{network} could not be converted: the process ended with {done.returncode}"
                + (" (killed; it needs 4 GB of memory)" if done.returncode < 0 else "")
            )
        onnx.parent.mkdir(parents=True, exist_ok=True)
        part = onnx.with_name(f"{onnx.name}.part")
        shutil.copyfile(work / "network.onnx", part)
        part.replace(onnx)
        return Conversion(**json.loads((work / "differences.json").read_text("utf-8")))


def main() -> None:
    """Converts one file."""
    parser = argparse.ArgumentParser(description="Converts Keras weights to ONNX.")
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("weights", type=Path, help="the .h5 file")
    parser.add_argument("onnx", type=Path, help="the file to write")
    arguments = parser.parse_args()
    try:
        conversion = convert(arguments.network, arguments.weights, arguments.onnx)
    except ConversionFailed as error:
        sys.exit(str(error))
    print(f"{arguments.onnx}: at most {conversion.max_difference:.1e} from TensorFlow")


if __name__ == "__main__":
    main()
