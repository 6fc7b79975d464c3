"""How each converted file of the catalogue is made, keyed by its network."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model_build import conversion, yunet
from model_build.networks import NETWORKS


@dataclass(frozen=True, slots=True)
class Converter:
    """Makes a file from a published one.

    Attributes:
        convert: takes the published file and the file to write; raises ConversionFailed.
        packages: the file is made anew when one of their versions changes.
    """

    convert: Callable[[Path, Path], object]
    packages: tuple[str, ...]


KERAS_PACKAGES = (
    "deepface",
    "ncnn",
    "onnxruntime",
    "retina-face",
    "tensorflow-cpu",
    "tf-keras",
    "tf2onnx",
)

CONVERTERS = {
    "YuNet": Converter(yunet.convert, ("onnx",)),
    **{
        network: Converter(partial(conversion.convert, network), KERAS_PACKAGES)
        for network in NETWORKS
    },
}
