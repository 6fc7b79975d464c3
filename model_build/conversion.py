"""Converts Keras weights to a file of ncnn with the same outputs.

python -m model_build.conversion ArcFace arcface_weights.h5 arcface_weights.ncnn
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

# The environment of the conversion; overrides the caller's.
ENVIRONMENT = {
    # Both libraries build their networks with Keras 2.
    "TF_USE_LEGACY_KERAS": "1",
    "DEEPFACE_BACKEND_ENGINE": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",
    # Standard kernels, whose results do not depend on the processor.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # See onnx_session.py.
    "ORT_DISABLE_TELEMETRY": "1",
    # TensorFlow writes code to the folder for temporary files and removes it, but not its bytecode.
    "PYTHONDONTWRITEBYTECODE": "1",
    # A fixed order of sets, so that the file is the same each time.
    "PYTHONHASHSEED": "0",
    # deepface and retina-face download missing files; port 9 (discard) refuses connections.
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """The differences between the converted file's outputs and TensorFlow's.

    Attributes:
        max_difference: the largest |Δ| of any number in any output.
        max_scaled_difference: the same, but each |Δ| is divided by the largest magnitude of its
            output if that is above 1. The limit is `parity.TOLERANCE`.
    """

    max_difference: float
    max_scaled_difference: float


def convert(network: str, weights: Path, converted: Path) -> Conversion:
    """Converts weights to ncnn. On failure, an existing file is left unchanged.

    Runs in a separate process, which frees its memory at the end (4 GB at the peak) and makes the
    file depend only on the weights: the same weights give the same bytes.

    With the environment variable KEEP_ONNX, the network is kept as ONNX, too, beside the file: for
    comparisons with DeepFace on its onnx engine.

    Args:
        network: a key of `NETWORKS`.
        weights: an `.h5` file as published by the library.
        converted: the file to write.

    Raises:
        WeightsRefused: the weights are damaged or belong to another network.
        ConversionFailed: the export failed, or its outputs differ from TensorFlow's.
    """
    with tempfile.TemporaryDirectory(prefix="conversion-") as folder:
        work = Path(folder)
        # The command contains no input from outside.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "model_build.export", network, weights.resolve(), work],
            # So that Python finds the module; all paths are absolute.
            cwd=Path(__file__).parents[1],
            env={**os.environ, **ENVIRONMENT, "DEEPFACE_HOME": str(work)},
            stdin=subprocess.DEVNULL,
            # deepface and retina-face write logs to it.
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
        converted.parent.mkdir(parents=True, exist_ok=True)
        part = converted.with_name(f"{converted.name}.part")
        shutil.copyfile(work / "network.ncnn", part)
        part.replace(converted)
        if os.environ.get("KEEP_ONNX"):
            shutil.copyfile(work / "network.onnx", converted.with_suffix(".onnx"))
        return Conversion(**json.loads((work / "differences.json").read_text("utf-8")))


def main() -> None:
    """Converts one file."""
    parser = argparse.ArgumentParser(description="Converts Keras weights to ncnn.")
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("weights", type=Path, help="the .h5 file")
    parser.add_argument("converted", type=Path, help="the file to write")
    arguments = parser.parse_args()
    try:
        conversion = convert(arguments.network, arguments.weights, arguments.converted)
    except ConversionFailed as error:
        sys.exit(str(error))
    print(f"{arguments.converted}: at most {conversion.max_difference:.1e} from TensorFlow")


if __name__ == "__main__":
    main()
