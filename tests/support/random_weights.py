"""Makes `.h5` files with seeded random weights for the real networks.

python -m tests.support.random_weights NETWORK FOLDER
(with the interpreter and the environment of the conversion)

The weights are meaningless but well-behaved: activations have a sane size, different crops get
clearly different embeddings, and RetinaFace finds the faces of the test photos, because its last
layers are fitted to them (`tests.support.fitted_heads`).
"""

import argparse
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
from numpy.typing import NDArray

SEED = 20240607
WEIGHTS_FILES = {"ArcFace": "arcface_weights.h5", "RetinaFace": "retinaface.h5"}


def make_images(rng: np.random.Generator, count: int, side_px: int) -> NDArray[np.float32]:
    """Returns (count, side, side, 3) images, 0 to 255, with coarse and fine structures."""
    # Each image has its own brightness, contrast and tint.
    images = rng.normal(0, 0.5, (count, 1, 1, 3)) + rng.normal(0, 0.5, (count, 1, 1, 1))
    images = np.repeat(np.repeat(images, side_px, 1), side_px, 2)
    for index in range(count):
        for cells in (2, 4, 8, 16, 32, 64):
            noise = 0.3 * rng.normal(0, 1, (cells, cells, 3)) + rng.normal(0, 1, (cells, cells, 1))
            smooth = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_NEAREST
            noise *= rng.uniform(0.3, 1.2) / np.sqrt(cells)
            images[index] += cv2.resize(noise, (side_px, side_px), interpolation=smooth)
    return np.clip(120 + 55 * images, 0, 255).astype(np.float32)


def build_network(name: str) -> Any:
    """Builds the architecture as deepface and retina-face do, without loading their weights."""
    if name == "ArcFace":
        from deepface.models.facial_recognition.tf import ArcFace

        with mock.patch.multiple(
            ArcFace.weight_utils,
            download_weights_if_necessary=mock.DEFAULT,
            load_model_weights=lambda model, **_: model,
        ):
            return ArcFace.load_model()
    from retinaface.model import retinaface_model

    with mock.patch.object(retinaface_model, "load_weights", lambda model: model):
        return retinaface_model.build_model()


def draw_weights(network: Any, rng: np.random.Generator) -> None:
    """Draws all weights: He initialisation for kernels, values near neutral for the others."""
    for layer in network.layers:
        drawn = []
        for weight in layer.weights:
            shape = tuple(weight.shape)
            match weight.name.split("/")[-1].split(":")[0]:
                case "kernel":
                    spread = np.sqrt(2 / np.prod(shape[:-1]))
                    drawn.append(rng.normal(0, spread, shape))
                case "gamma":
                    drawn.append(rng.uniform(0.8, 1.2, shape))
                case "moving_variance":
                    drawn.append(np.ones(shape))
                case "alpha":
                    drawn.append(rng.uniform(0.1, 0.4, shape))
                case "beta" | "bias":
                    drawn.append(rng.normal(0, 0.05, shape))
                case "moving_mean":
                    drawn.append(np.zeros(shape))
                case other:
                    raise NotImplementedError(other)
        layer.set_weights([values.astype(np.float32) for values in drawn])


def settle_statistics(network: Any, images: NDArray[np.float32]) -> None:
    """Sets the means and variances of all batch normalisations to the statistics of `images`.

    They are not rounded: a value between two steps would fall to one of them by the last bits of a
    sum, which differ with the processor, and a step is more than the fitted heads tolerate.
    """
    layers = [layer for layer in network.layers if hasattr(layer, "moving_mean")]
    was_trainable = [layer.trainable for layer in layers]
    dropouts = [layer for layer in network.layers if hasattr(layer, "rate")]
    rates = [layer.rate for layer in dropouts]
    for layer in layers:
        layer.trainable, layer.momentum = True, 0.0
    for layer in dropouts:
        layer.rate = 0.0
    network(images, training=True)
    for layer, trainable in zip(layers, was_trainable, strict=True):
        layer.trainable = trainable
        gamma, beta, mean, variance = layer.get_weights()
        layer.set_weights([gamma, beta, mean, variance + np.float32(1e-3)])
    for layer, rate in zip(dropouts, rates, strict=True):
        layer.rate = rate


def draw_network(name: str) -> Any:
    """Returns "ArcFace" or "RetinaFace" with its drawn weights and settled statistics."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(SEED)
    rng = np.random.default_rng(SEED)
    network = build_network(name)
    draw_weights(network, rng)
    if name == "ArcFace":
        settle_statistics(network, make_images(rng, 24, 112) / np.float32(255))
    else:
        settle_statistics(network, make_images(rng, 12, 384))
    return network


def make_weights(name: str, path: Path) -> None:
    """Writes the weights of "ArcFace" or "RetinaFace"."""
    network = draw_network(name)
    if name == "RetinaFace":
        # Imports retina-face, which ArcFace does not need.
        from tests.support.fitted_heads import set_heads

        set_heads(network)
    part = path.with_name(f"{path.name}.part")
    network.save_weights(part, save_format="h5")
    part.replace(path)


def main() -> None:
    """Makes one file of weights."""
    parser = argparse.ArgumentParser(description="Makes a weights file for tests.")
    parser.add_argument("network", choices=WEIGHTS_FILES)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    make_weights(arguments.network, arguments.folder / WEIGHTS_FILES[arguments.network])


if __name__ == "__main__":
    main()
