"""Compares a converted network's outputs with TensorFlow's; used by `model_build.export`."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_build.errors import ConversionFailed
from model_build.networks import NETWORKS

# The largest allowed difference for outputs of magnitude 1; see `verify`.
TOLERANCE = 1e-4


def verify(network: str, keras: Any, path: Path) -> dict[str, float]:
    """Compares a converted file, run as in the service, with TensorFlow on seeded inputs.

    Outputs are embeddings, probabilities, and offsets in units of the anchor's size; all have a
    magnitude near 1. The rounding error of a 32-bit sum is proportional to its terms, so the |Δ| of
    a larger output is divided by that output's largest magnitude.

    Returns:
        The fields of `conversion.Conversion`.

    Raises:
        ConversionFailed: an output has another shape, or differs by more than TOLERANCE.
    """
    run = NETWORKS[network].load(path)
    rng = np.random.default_rng(0)
    plain, scaled = [0.0], [0.0]
    for shape in NETWORKS[network].checked_shapes:
        images = _make_images(rng, shape) * np.float32(NETWORKS[network].input_range)
        expected = keras(images, training=False)
        expected = expected if isinstance(expected, list) else [expected]
        actual = run(images)
        shapes = [output.shape for output in actual]
        if (
            tuple(shape[-1] for shape in shapes) != NETWORKS[network].output_channels
            or [tuple(output.shape) for output in expected] != shapes
        ):
            raise ConversionFailed(
                f"{network} has outputs of other shapes once converted: {shapes}"
            )
        for wanted, output in zip(expected, actual, strict=True):
            plain.append(float(np.abs(output - wanted.numpy()).max()))
            scaled.append(plain[-1] / max(1.0, float(np.abs(wanted.numpy()).max())))
    # Written so that NaN fails, too.
    if not all(difference <= TOLERANCE for difference in scaled):
        raise ConversionFailed(
            f"{network} gives other numbers once converted: they differ by up to {max(scaled):.1e},"
            f" where {TOLERANCE:.0e} is tolerated"
        )
    return {"max_difference": max(plain), "max_scaled_difference": max(scaled)}


def _make_images(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Returns `shape` float32 images, 0 to 1, with coarse and fine structures like photos."""
    count, height, width, channels = shape
    images = np.zeros(shape)
    for side in (64, 16, 4, 1):
        cells = rng.random((count, -(-height // side), -(-width // side), channels))
        images += cells.repeat(side, 1).repeat(side, 2)[:, :height, :width] * side**0.5
    scaled: NDArray[np.float32] = (images / images.max()).astype(np.float32)
    return scaled
