"""The specification of each Keras network that is converted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from face_engine.deepface_compat.regions import BORDERS, CROPS, FeatureBorder, FeatureCrop

Shape = tuple[int, ...]
# From a batch of images, channels last, to the outputs.
Run: TypeAlias = Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """How to build, convert and compare a network.

    Attributes:
        weights_file: the name under which the library's builder looks for the weights.
        build: returns the Keras network with its weights. Imports TensorFlow, which takes seconds.
        exported: what the converted file gives: outputs of the network, or layers of convolution.
        crops: where its features can be cut at each run.
        borders: which borders its convolutions then put around their features.
        input_shape: channels last; a name is a free dimension.
        load: loads the converted file as the service does, with the outputs of the Keras network.
        output_channels: the last dimension of each output.
        checked_shapes: shapes of the inputs used to compare the converted file.
        input_range: inputs lie between 0 and this.
    """

    weights_file: str
    build: Callable[[], Any]
    exported: tuple[str, ...]
    crops: tuple[FeatureCrop, ...]
    borders: tuple[FeatureBorder, ...]
    input_shape: tuple[int | str, ...]
    load: Callable[[Path], Run]
    output_channels: Shape
    checked_shapes: tuple[Shape, ...]
    input_range: float


def _build_arcface() -> Any:
    from deepface.models.facial_recognition.tf.ArcFace import load_model

    return load_model()


def _build_retinaface() -> Any:
    from retinaface.model.retinaface_model import build_model

    return build_model()


# ncnn is not there where only YuNet is rebuilt.
def _load_arcface(file: Path) -> Run:
    from face_engine.deepface_compat.networks import ArcFaceNetwork

    network = ArcFaceNetwork(file)
    return lambda batch: [network(batch)]


def _load_retinaface(file: Path) -> Run:
    from face_engine.deepface_compat.networks import RetinaFaceNetwork

    return RetinaFaceNetwork(file)


# Keyed by the catalogue's name of the network.
NETWORKS = {
    "ArcFace": NetworkSpec(
        weights_file="arcface_weights.h5",
        build=_build_arcface,
        exported=("embedding",),
        crops=(),
        borders=(),
        input_shape=("n", 112, 112, 3),
        load=_load_arcface,
        output_channels=(512,),
        # One face, and several.
        checked_shapes=((1, 112, 112, 3), (3, 112, 112, 3)),
        # deepface divides crops by 255.
        input_range=1.0,
    ),
    "RetinaFace": NetworkSpec(
        weights_file="retinaface.h5",
        build=_build_retinaface,
        # What lies behind these only rearranges; `RetinaFaceNetwork` does it.
        exported=tuple(
            f"face_rpn_{head}_stride{stride}"
            for stride in (32, 16, 8)
            for head in ("cls_score", "bbox_pred", "landmark_pred")
        ),
        crops=CROPS,
        borders=BORDERS,
        input_shape=(1, "height", "width", 3),
        load=_load_retinaface,
        # Scores, boxes and landmarks of two anchors, at each of three strides.
        output_channels=(4, 8, 20) * 3,
        # Side lengths that are not multiples of a stride.
        checked_shapes=((1, 333, 511, 3), (1, 640, 416, 3)),
        # retina-face does not scale the pixels.
        input_range=255.0,
    ),
}
