"""A folder of weights: its manifest, and its files, each checked before it is used."""

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
        made_of: SHA-256 of the artifact that it was made of; its own when it was copied.
        made_with: versions of the packages that made it.
    """

    file: str
    bytes: int
    sha256: str
    made_of: str
    made_with: dict[str, str]


class ModelFolder:
    """A folder of weights, as it was when this was made: the manifest is read once.

    Args:
        path: the folder; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = _read_manifest(path)

    def find(self, entry: ModelEntry, weights: Weights) -> Path:
        """Returns the path of one of a model's files once it is known to be intact.

        The file is hashed; but where neither it nor the folder can be written by this process, as
        in the image, the manifest that was written when it was hashed is trusted, and its size
        checked.

        Raises:
            ModelUnavailable: the file is missing, or is not what the catalogue says, or was not
                converted from the artifact that the catalogue names.
        """
        path = self.path / weights.file
        noted = self.manifest.get(weights.file)
        if noted is not None and noted.made_of != source_of(weights).sha256:
            noted = None
        try:
            size = path.stat().st_size
            if isinstance(weights, ConvertedWeights):
                if noted is None:
                    _refuse(entry, weights, "was not baked here", "bakes it")
                expected_bytes, expected_sha256 = noted.bytes, noted.sha256
            else:
                expected_bytes, expected_sha256 = weights.bytes, weights.sha256
            is_trusted = (
                noted is not None
                and noted.sha256 == expected_sha256
                and not any(os.access(written, os.W_OK) for written in (self.path, path))
            )
            is_intact = size == expected_bytes and (
                is_trusted or sha256_of(path) == expected_sha256
            )
        except OSError:
            _refuse(entry, weights, "is missing", "brings it")
        if not is_intact:
            _refuse(entry, weights, "is broken", "brings it anew")
        return path

    def add(self, entry: ManifestEntry) -> None:
        """Adds a file to the manifest, which is written whole or not at all."""
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
        # A broken manifest counts as missing: its files are hashed or refused.
        return {}


def _refuse(entry: ModelEntry, weights: Weights, fault: str, promise: str) -> NoReturn:
    command = f"make weights FACE_MODEL={entry.key}"
    raise ModelUnavailable(
        f"The model's file {weights.file} {fault}. `{command}` {promise}.",
        {"file": weights.file, "command": command},
    )
