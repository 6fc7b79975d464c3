"""Everything that converting a network needs to know of it, said once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """How a network is built, converted and compared.

    Attributes:
        weights_file: under this name the library's builder looks for the weights.
        build: returns the Keras network with its weights. Imports TensorFlow, which takes seconds.
        input_name: of the ONNX file, as the library's ONNX engine feeds it.
        input_shape: channels last; a name is a free dimension.
        output_channels: the last dimension of each output.
        checked_shapes: inputs that the ONNX file is compared on.
        input_range: inputs are between 0 and this.
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


# By the name that the catalogue uses.
NETWORKS = {
    "ArcFace": NetworkSpec(
        weights_file="arcface_weights.h5",
        build=_build_arcface,
        input_name="input",
        input_shape=("n", 112, 112, 3),
        output_channels=(512,),
        # More than one face.
        checked_shapes=((1, 112, 112, 3), (3, 112, 112, 3)),
        # deepface divides crops by 255.
        input_range=1.0,
    ),
    "RetinaFace": NetworkSpec(
        weights_file="retinaface.h5",
        build=_build_retinaface,
        input_name="data",
        input_shape=(1, "height", "width", 3),
        # Scores, boxes and landmarks of two anchors, at each of the three strides.
        output_channels=(4, 8, 20) * 3,
        # Sides that no stride divides.
        checked_shapes=((1, 333, 511, 3), (1, 640, 416, 3)),
        # retina-face feeds the pixels as they are.
        input_range=255.0,
    ),
}
