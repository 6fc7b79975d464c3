"""DeepFace's networks, run by ncnn, with the inputs and outputs that DeepFace expects of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from face_engine.alignment import CROP_SIZE_PX
from face_engine.deepface_compat.regions import (
    BORDERS,
    CROPS,
    FeatureBorder,
    FeatureCrop,
    Rectangle,
    Region,
)
from face_engine.inference.ncnn_file import read_numbers
from face_engine.inference.ncnn_network import FeatureBox, NcnnNetwork

Array = NDArray[np.float32]
# From (1, H, W, 3) uint8 RGB to RetinaFace's nine outputs.
Network: TypeAlias = Callable[[NDArray[np.uint8]], list[Array]]
# RetinaFace's outputs: at each stride the scores, boxes and landmarks of two anchors.
STRIDES_PX = (32, 16, 8)
CHANNELS = (4, 8, 20)
# ArcFace's embedding, and the features before its dense layer: channels, rows, columns.
EMBEDDING_SIZE = 512
FEATURES = 512 * 7 * 7
# Below nearly all whole photos, which need 600 MB.
KEPT_PIXELS = 800_000


class ArcFaceNetwork:
    """The embedding network. Thread-safe.

    Args:
        file: made by the bake.

    Raises:
        ValueError: it is not such a file.
    """

    def __init__(self, file: Path) -> None:
        # Side by side: ncnn holds Python's lock while it loads, reading does not.
        with ThreadPoolExecutor(1) as reader:
            reading = reader.submit(read_numbers, file, EMBEDDING_SIZE * (FEATURES + 1))
            self._network = NcnnNetwork(file, kept_pixels=CROP_SIZE_PX**2)
        dense = reading.result()
        self._weights = dense[:-EMBEDDING_SIZE].reshape(EMBEDDING_SIZE, FEATURES)
        self._bias = dense[-EMBEDDING_SIZE:]

    def __call__(self, batch: Array) -> Array:
        """Returns (n, 512) float32 for (n, 112, 112, 3) float32 BGR from 0 to 1."""
        return np.stack([self._embed(image) for image in batch])

    def _embed(self, image: Array) -> Array:
        (features,) = self._network.run(_to_planes(image))
        embedding: Array = self._weights @ features.reshape(-1) + self._bias
        return embedding


class RetinaFaceNetwork:
    """The detection network. Thread-safe.

    Args:
        file: made by the bake.

    Raises:
        ValueError: it is not such a file.
    """

    def __init__(self, file: Path) -> None:
        crops = [crop.input_name for crop in CROPS]
        borders = [border.input_name for border in BORDERS]
        self._network = NcnnNetwork(
            file, len(STRIDES_PX) * len(CHANNELS), [*crops, *borders], kept_pixels=KEPT_PIXELS
        )

    def __call__(
        self, batch: NDArray[np.uint8] | Array, region: Region | None = None
    ) -> list[Array]:
        """Returns the outputs for one image, as retina-face's TensorFlow network does.

        Args:
            batch: (1, H, W, 3) uint8 or float32 RGB from 0 to 255.
            region: the part of the image that is seen. None: the whole image.

        Returns:
            For each stride 32, 16, 8 and its two anchors: (1, h, w, 4) probabilities of no face and
            of a face, (1, h, w, 8) boxes, (1, h, w, 20) landmarks. They cover the region's view of
            the pyramid, the finest stride that of its own, and only its strides.
        """
        (image,) = batch
        rows, columns = image.shape[:2]
        if region is None:
            region = Region.whole(rows, columns)
        inputs = {crop.input_name: _to_cells(crop, region.views).to_input() for crop in CROPS}
        for border in BORDERS:
            view = region.views[border.view]
            inputs[border.input_name] = _make_border(border, view, rows, columns)
        seen = region.seen
        planes = _to_planes(image[seen.top : seen.bottom, seen.left : seen.right])
        heads = self._network.run(planes, region.strides * len(CHANNELS), inputs)
        return [
            _to_channels_last(_to_probabilities(head) if index % len(CHANNELS) == 0 else head)
            for index, head in enumerate(heads)
        ]


def _to_cells(crop: FeatureCrop, views: Sequence[Rectangle]) -> FeatureBox:
    before, after = views[crop.before], views[crop.after]
    rows, columns = _count_cells(after, crop.stride_px)
    return FeatureBox(
        (after.left - before.left) // crop.stride_px + crop.black_cells,
        (after.top - before.top) // crop.stride_px + crop.black_cells,
        columns,
        rows,
        crop.channels,
    )


def _make_border(border: FeatureBorder, view: Rectangle, rows: int, columns: int) -> Array:
    """Returns factors for features and what is around them: 0 for a border where the image ends.

    The network itself puts zeros there. Elsewhere the factors are 1, for black around the features.
    """
    cells = border.cells
    height, width = _count_cells(view, border.stride_px)
    factors = np.ones((height + 2 * cells, width + 2 * cells), np.float32)
    if view.top == 0:
        factors[:cells] = 0
    if view.bottom == rows:
        factors[-cells:] = 0
    if view.left == 0:
        factors[:, :cells] = 0
    if view.right == columns:
        factors[:, -cells:] = 0
    return factors[np.newaxis]


def _count_cells(view: Rectangle, stride_px: int) -> tuple[int, int]:
    """Returns the rows and columns of features that cover a part of an image."""
    return -(-(view.bottom - view.top) // stride_px), -(-(view.right - view.left) // stride_px)


def _to_planes(image: NDArray[np.uint8] | Array) -> Array:
    return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)


def _to_channels_last(planes: Array) -> Array:
    return np.ascontiguousarray(planes.transpose(1, 2, 0))[np.newaxis]


def _to_probabilities(logits: Array) -> Array:
    """Applies softmax to the pairs of channels 0 and 2, 1 and 3."""
    pairs = logits.reshape(2, 2, *logits.shape[1:])
    powers = np.exp(pairs - pairs.max(axis=0))
    probabilities: Array = (powers / powers.sum(axis=0)).reshape(logits.shape)
    return probabilities
