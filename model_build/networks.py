"""The specification of each network that is converted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """How to build, convert and compare a network.

    Attributes:
        weights_file: the name under which the library's builder looks for the weights.
        build: returns the Keras network with its weights. Imports TensorFlow, which takes seconds.
        input_name: the ONNX file's input name that the library's ONNX engine expects.
        input_shape: channels last; a name is a free dimension.
        output_channels: the last dimension of each output.
        checked_shapes: shapes of the inputs used to compare the ONNX file.
        input_range: inputs lie between 0 and this.
    """

    weights_file: str
    build: Callable[[], Any]
    input_name: str
    input_shape: tuple[int | str, ...]
    output_channels: Shape
    checked_shapes: tuple[Shape, ...]
    input_range: float


def _build_arcface() -> Any:
    from deepface.models.facial_recognition.tf.ArcFace import load_model

    return load_model()


def _build_retinaface() -> Any:
    from retinaface.model.retinaface_model import build_model

    return build_model()


# Keyed by the catalogue's name of the network.
NETWORKS = {
    "ArcFace": NetworkSpec(
        weights_file="arcface_weights.h5",
        build=_build_arcface,
        input_name="input",
        input_shape=("n", 112, 112, 3),
        output_channels=(512,),
        # One face, and several.
        checked_shapes=((1, 112, 112, 3), (3, 112, 112, 3)),
        # deepface divides crops by 255.
        input_range=1.0,
    ),
    "RetinaFace": NetworkSpec(
        weights_file="retinaface.h5",
        build=_build_retinaface,
        input_name="data",
        input_shape=(1, "height", "width", 3),
        # Scores, boxes and landmarks of two anchors, at each of three strides.
        output_channels=(4, 8, 20) * 3,
        # Side lengths that are not multiples of a stride.
        checked_shapes=((1, 333, 511, 3), (1, 640, 416, 3)),
        # retina-face does not scale the pixels.
        input_range=255.0,
    ),
}
