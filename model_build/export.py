"""Exports a network from TensorFlow to ncnn; `conversion` runs this in a separate process.

python -m model_build.export NETWORK WEIGHTS FOLDER
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model_build.errors import ConversionFailed, WeightsRefused
from model_build.ncnn_export import export_to_ncnn
from model_build.networks import NETWORKS
from model_build.parity import verify

# The highest opset that tf2onnx writes.
OPSET = 18
STAGES = 5

# The shape of an array of weights and the SHA-256 of its numbers.
Fingerprint = tuple[tuple[int, ...], str]


class Progress:
    """Shows the stages: as a bar on a terminal, otherwise one line each."""

    def __init__(self, network: str) -> None:
        """Shows the progress of one network's conversion."""
        self._network = network
        self._bar = tqdm(total=STAGES, desc=network, unit="stage", disable=None)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Shows a stage while it runs, and its end."""
        start = time.perf_counter()
        self._bar.set_postfix_str(name)
        yield
        self._bar.update()
        if self._bar.disable:
            seconds = time.perf_counter() - start
            print(f"{self._network}: {name}, {seconds:.1f} s", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Closes the bar and leaves it on the terminal."""
        self._bar.close()


def export(network: str, weights: Path, folder: Path) -> None:
    """Writes `network.onnx`, `network.ncnn` and `differences.json` to `folder`.

    Args:
        network: a key of `NETWORKS`.
        weights: the `.h5` file.
        folder: an empty folder, also used as DEEPFACE_HOME, where the libraries look for weights.

    Raises:
        WeightsRefused: the weights are damaged or belong to another network.
        ConversionFailed: the network cannot be exported, or its outputs differ from TensorFlow's.
    """
    progress = Progress(network)
    try:
        with progress.stage("read"):
            fingerprints = read_fingerprints(weights)
        with progress.stage("build"):
            keras = build(network, weights, folder)
            check_weights(network, keras, weights, fingerprints)
        with progress.stage("convert"):
            model = to_onnx(network, keras)
        with progress.stage("optimise"):
            folded = fold_constants(model, folder / "network.onnx")
            spec = NETWORKS[network]
            export_to_ncnn(folded, spec.exported, folder / "network.ncnn", spec.crops, spec.borders)
        with progress.stage("verify"):
            differences = verify(network, keras, folder / "network.ncnn")
    finally:
        progress.close()
    (folder / "differences.json").write_text(json.dumps(differences), "utf-8")


def read_fingerprints(weights: Path) -> Counter[Fingerprint]:
    """Reads the whole file once; returns the fingerprints of its arrays of weights.

    Raises:
        WeightsRefused: the file is not HDF5, is cut off or is damaged.
    """
    import h5py  # Only the conversion's environment has it.

    found: Counter[Fingerprint] = Counter()

    def note(_: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found[_fingerprint(item[()])] += 1

    try:
        with h5py.File(weights) as file:
            # A file of a complete model has a group of weights beside the optimiser's state.
            file.get("model_weights", file).visititems(note)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise WeightsRefused(
            f"{weights.name} is not a whole HDF5 file: it is cut short, damaged or something else"
        ) from error
    return found


def _fingerprint(values: NDArray[np.float32]) -> Fingerprint:
    values = np.ascontiguousarray(values, np.float32)
    return values.shape, hashlib.sha256(values.tobytes()).hexdigest()


def build(network: str, weights: Path, folder: Path) -> Any:
    """Builds the Keras network with its weights, using the library's own builder.

    Raises:
        WeightsRefused: the library cannot load the weights into its network.
    """
    expected = folder / ".deepface" / "weights" / NETWORKS[network].weights_file
    expected.parent.mkdir(parents=True)
    expected.symlink_to(weights)
    try:
        return NETWORKS[network].build()
    except (ValueError, KeyError) as error:
        raise WeightsRefused(
            f"{weights.name} does not hold the weights of {network}: its layers are others"
        ) from error


def check_weights(
    network: str, keras: Any, weights: Path, fingerprints: Counter[Fingerprint]
) -> None:
    """Checks that the network has exactly the weights of the file.

    Keras fills the layers in order and ignores additional arrays in the file.

    Raises:
        WeightsRefused: a weight is missing or additional.
    """
    used = Counter(_fingerprint(values) for values in keras.get_weights())
    missing = (used - fingerprints).total()
    unused = (fingerprints - used).total()
    if missing or unused:
        raise WeightsRefused(
            f"{weights.name} does not hold the weights of {network}: of {used.total()} arrays"
            f" {missing} are missing; {unused} of the file's are in no layer"
        )


def to_onnx(network: str, keras: Any) -> Any:
    """Returns the network in ONNX, not optimised; the graph is the same each time.

    tf2onnx's own optimisers iterate over sets of objects in the order of their addresses. They took
    9 GB and twice the time, and saved only three transpositions in RetinaFace and none in ArcFace.
    """
    import tensorflow as tf
    import tf2onnx

    spec = NETWORKS[network]
    shape = [side if isinstance(side, int) else None for side in spec.input_shape]
    model, _ = tf2onnx.convert.from_keras(
        keras, [tf.TensorSpec(shape, tf.float32, "image")], opset=OPSET, optimizers={}
    )
    (entry,) = model.graph.input
    for side, name in zip(entry.type.tensor_type.shape.dim, spec.input_shape, strict=True):
        if isinstance(name, str):
            side.dim_param = name
    _modernise_resizing(model)
    return model


def _modernise_resizing(model: Any) -> None:
    """Replaces a deprecated ONNX mode, for which onnxruntime would warn on every load.

    Both modes repeat each pixel when they double the size: floor((x + 0.5) / 2) = floor(x / 2).
    """
    for node in model.graph.node:
        for attribute in node.attribute if node.op_type == "Resize" else ():
            if attribute.s == b"tf_half_pixel_for_nn":
                attribute.s = b"asymmetric"


def fold_constants(model: Any, path: Path) -> Any:
    """Folds constants, and batch normalisations into the convolutions before them.

    Args:
        model: an `onnx.ModelProto`.
        path: also the file to write.
    """
    import onnx
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    # The next level makes nodes that only onnxruntime knows.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnx.load(path)


def main() -> None:
    """Exports a network; on failure, writes the reason to the folder."""
    parser = argparse.ArgumentParser(description="Used by model_build.conversion.")
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        export(arguments.network, arguments.weights, arguments.folder)
    except WeightsRefused as error:
        (arguments.folder / "refusal").write_text(str(error), "utf-8")
        sys.exit(1)
    except ConversionFailed as error:
        (arguments.folder / "failure").write_text(str(error), "utf-8")
        sys.exit(1)


if __name__ == "__main__":
    main()
