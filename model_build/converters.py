"""How each converted file of the catalogue is made, keyed by its network."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from face_engine.model.certificate import RULES
from model_build import conversion, yunet
from model_build.networks import NETWORKS


@dataclass(frozen=True, slots=True)
class Converter:
    """Makes a file from a published one.

    Attributes:
        convert: takes the published file and the file to write; raises ConversionFailed.
        packages: the file is made anew when one of their versions changes.
        rules: by which parts of an image are chosen, if the network can see parts; likewise.
    """

    convert: Callable[[Path, Path], object]
    packages: tuple[str, ...]
    rules: int | None = None

    @property
    def made_with(self) -> dict[str, str]:
        """What the file depends on besides the weights, for the manifest."""
        versions = {package: version(package) for package in self.packages}
        return versions if self.rules is None else {**versions, "rules": str(self.rules)}


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
        network: Converter(
            partial(conversion.convert, network), KERAS_PACKAGES, RULES if spec.crops else None
        )
        for network, spec in NETWORKS.items()
    },
}
