"""How each converted file of the catalogue is made, keyed by its network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

from face_engine.inference.ncnn_file import FORMAT
from face_engine.model.certificate import RULES
from model_build import conversion, yunet
from model_build.networks import NETWORKS


@dataclass(frozen=True, slots=True)
class Converter:
    """Makes a file from a published one.

    Attributes:
        convert: takes the published file and the file to write; raises ConversionFailed.
        packages: the file is made anew when one of their versions changes.
        numbers: of our own formats and rules by which it is made; likewise.
    """

    convert: Callable[[Path, Path], object]
    packages: tuple[str, ...]
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def made_with(self) -> dict[str, str]:
        """What the file depends on besides the weights, for the manifest."""
        versions = {package: version(package) for package in self.packages}
        return versions | {name: str(number) for name, number in self.numbers.items()}


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
            partial(conversion.convert, network),
            KERAS_PACKAGES,
            {"format": FORMAT} | ({"rules": RULES} if spec.crops else {}),
        )
        for network, spec in NETWORKS.items()
    },
}
