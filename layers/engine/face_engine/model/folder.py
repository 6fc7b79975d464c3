"""A folder of weights and its manifest; each file is checked before use."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import ConvertedWeights, ModelEntry, Weights, sha256_of, source_of

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A file as the bake left it.

    Attributes:
        made_of: SHA-256 of the artifact it was converted from, or its own if it is a copy.
        made_with: versions of the packages that converted it.
    """

    file: str
    bytes: int
    sha256: str
    made_of: str
    made_with: dict[str, str]


class ModelFolder:
    """A folder of weights. Its manifest is read once, on construction.

    Args:
        path: the folder; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = _read_manifest(path)

    def find(self, entry: ModelEntry, weights: Weights) -> Path:
        """Checks one of a model's files and returns its path.

        The file is hashed. If this process can write neither the file nor the folder, as in the
        image, the hash in the manifest is trusted instead, and only the size is checked.

        Raises:
            ModelUnavailable: the file is missing, differs from the catalogue, or was not converted
                from the catalogue's artifact.
        """
        path = self.path / weights.file
        recorded = self.manifest.get(weights.file)
        if recorded is not None and recorded.made_of != source_of(weights).sha256:
            recorded = None
        try:
            size = path.stat().st_size
            if isinstance(weights, ConvertedWeights):
                if recorded is None:
                    _refuse(entry, weights, "was not baked here", "bakes it")
                expected_bytes, expected_sha256 = recorded.bytes, recorded.sha256
            else:
                expected_bytes, expected_sha256 = weights.bytes, weights.sha256
            is_trusted = (
                recorded is not None
                and recorded.sha256 == expected_sha256
                and not any(os.access(written, os.W_OK) for written in (self.path, path))
            )
            is_intact = size == expected_bytes and (
                is_trusted or sha256_of(path) == expected_sha256
            )
        except OSError:
            _refuse(entry, weights, "is missing", "brings it")
        if not is_intact:
            _refuse(entry, weights, "is broken", "replaces it")
        return path

    def add(self, entry: ManifestEntry) -> None:
        """Adds an entry to the manifest, and replaces the manifest file atomically."""
        self.manifest[entry.file] = entry
        content = {"files": [asdict(self.manifest[name]) for name in sorted(self.manifest)]}
        part = self.path / f"{MANIFEST_FILE}.part"
        part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
        part.replace(self.path / MANIFEST_FILE)


def _read_manifest(folder: Path) -> dict[str, ManifestEntry]:
    try:
        content = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        return {entry["file"]: ManifestEntry(**entry) for entry in content["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        # Treat a broken manifest as missing: its files are hashed or refused.
        return {}


def _refuse(entry: ModelEntry, weights: Weights, fault: str, promise: str) -> NoReturn:
    command = f"make weights FACE_MODEL={entry.key}"
    raise ModelUnavailable(
        f"The model's file {weights.file} {fault}. `{command}` {promise}.",
        {"file": weights.file, "command": command},
    )
