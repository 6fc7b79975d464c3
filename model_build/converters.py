"""How each converted file of the catalogue is made, keyed by its network."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from model_build import conversion, yunet
from model_build.networks import NETWORKS


@dataclass(frozen=True, slots=True)
class Converter:
    """Makes a file from a published one.

    Attributes:
        convert: takes the published file and the file to write; raises ConversionFailed.
        packages: the file is made anew when one of their versions changes.
        cropped: the layers whose output can be cut; likewise.
    """

    convert: Callable[[Path, Path], object]
    packages: tuple[str, ...]
    cropped: tuple[str, ...] = ()

    @property
    def made_with(self) -> dict[str, str]:
        """What the file depends on besides the weights, for the manifest."""
        versions = {package: version(package) for package in self.packages}
        return {**versions, "cropped": " ".join(self.cropped)} if self.cropped else versions


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
        network: Converter(partial(conversion.convert, network), KERAS_PACKAGES, spec.cropped)
        for network, spec in NETWORKS.items()
    },
}
