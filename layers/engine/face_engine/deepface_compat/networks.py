"""DeepFace's networks, run by ncnn, with the inputs and outputs that DeepFace expects of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from face_engine.deepface_compat.regions import CROPS, PYRAMID, FeatureCrop, Rectangle
from face_engine.inference.ncnn_network import FeatureBox, NcnnNetwork

Array = NDArray[np.float32]
# From (1, H, W, 3) to RetinaFace's nine outputs.
Network: TypeAlias = Callable[[Array], list[Array]]
# RetinaFace's outputs: at each stride the scores, boxes and landmarks of two anchors.
STRIDES_PX = (32, 16, 8)
CHANNELS = (4, 8, 20)


class ArcFaceNetwork:
    """The embedding network. Thread-safe.

    Args:
        file: made by the bake.

    Raises:
        ValueError: it is not such a file.
    """

    def __init__(self, file: Path) -> None:
        self._network = NcnnNetwork(file, keeps_buffers=True)

    def __call__(self, batch: Array) -> Array:
        """Returns (n, 512) float32 for (n, 112, 112, 3) float32 BGR from 0 to 1."""
        return np.stack([self._network.run(_to_planes(image))[0] for image in batch])


class RetinaFaceNetwork:
    """The detection network. Thread-safe.

    Args:
        file: made by the bake.

    Raises:
        ValueError: it is not such a file.
    """

    def __init__(self, file: Path) -> None:
        self._network = NcnnNetwork(file, len(STRIDES_PX) * len(CHANNELS), len(CROPS))

    def __call__(
        self,
        batch: Array,
        strides: int = len(STRIDES_PX),
        views: Sequence[Rectangle] | None = None,
    ) -> list[Array]:
        """Returns the outputs for one image, as retina-face's TensorFlow network does.

        Args:
            batch: (1, H, W, 3) float32 RGB from 0 to 255.
            strides: how many of `STRIDES_PX`, from the first on. The last ones are for small faces,
                and take a quarter of the time.
            views: the part of a larger image that `batch` is, and those within it that later stages
                compute, as in a `Region`. None: they compute everything.

        Returns:
            For each stride 32, 16, 8 and its two anchors: (1, h, w, 4) probabilities of no face and
            of a face, (1, h, w, 8) boxes, (1, h, w, 20) landmarks. They cover the last view.
        """
        (image,) = batch
        if views is None:
            rows, columns = image.shape[:2]
            views = [Rectangle(0, 0, columns, rows)] * (PYRAMID + 1)
        crops = [_to_cells(crop, views) for crop in CROPS]
        heads = self._network.run(_to_planes(image), strides * len(CHANNELS), crops)
        return [
            _to_channels_last(_to_probabilities(head) if index % len(CHANNELS) == 0 else head)
            for index, head in enumerate(heads)
        ]


def _to_cells(crop: FeatureCrop, views: Sequence[Rectangle]) -> FeatureBox:
    before, after = views[crop.before], views[crop.after]
    return FeatureBox(
        (after.left - before.left) // crop.stride_px,
        (after.top - before.top) // crop.stride_px,
        -(-(after.right - after.left) // crop.stride_px),
        -(-(after.bottom - after.top) // crop.stride_px),
        crop.channels,
    )


def _to_planes(image: Array) -> Array:
    return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)


def _to_channels_last(planes: Array) -> Array:
    return np.ascontiguousarray(planes.transpose(1, 2, 0))[np.newaxis]


def _to_probabilities(logits: Array) -> Array:
    """Applies softmax to the pairs of channels 0 and 2, 1 and 3."""
    pairs = logits.reshape(2, 2, *logits.shape[1:])
    powers = np.exp(pairs - pairs.max(axis=0))
    probabilities: Array = (powers / powers.sum(axis=0)).reshape(logits.shape)
    return probabilities
