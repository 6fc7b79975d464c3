"""Catalogues of one artifact, to fetch it from the tests' own servers."""

import hashlib
from pathlib import Path

from face_engine.model.catalog import ArchiveSource, Artifact, UrlSource

FILE = "net.onnx"


def artifact(
    content: bytes, *sources: UrlSource | ArchiveSource, size: int | None = None
) -> Artifact:
    """Returns the entry of a file with this content; its size is the true one by default."""
    digest = hashlib.sha256(content).hexdigest()
    size = len(content) if size is None else size
    return Artifact(FILE, "a network", size, digest, "MIT", sources)


def write_catalog(folder: Path, content: bytes, url: str) -> Path:
    """Writes a catalogue with the one file, which is fetched from a URL."""
    digest = hashlib.sha256(content).hexdigest()
    catalog = folder / "catalog.toml"
    catalog.write_text(
        f'[archives]\n[artifacts."{FILE}"]\nabout = "a network"\nbytes = {len(content)}\n'
        f'sha256 = "{digest}"\nlicence = "MIT"\nsources = [{{ url = "{url}" }}]\n'
    )
    return catalog
