"""The files that a model is loaded from, each checked before it is used."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import Baked, ModelEntry, Weights, sha256_of, source_of

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class BakedFile:
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


def read_manifest(folder: Path) -> dict[str, BakedFile]:
    """Returns what was baked into a folder, by file name; nothing when there is no manifest."""
    try:
        content = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        return {entry["file"]: BakedFile(**entry) for entry in content["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        # As good as none: what it should have vouched for is hashed or refused.
        return {}


def write_manifest(folder: Path, files: dict[str, BakedFile]) -> None:
    """Writes the manifest of a folder, whole or not at all."""
    content = {"files": [asdict(files[name]) for name in sorted(files)]}
    part = folder / f"{MANIFEST_FILE}.part"
    part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
    part.replace(folder / MANIFEST_FILE)


def find_weights(entry: ModelEntry, weights: Weights, folder: Path) -> Path:
    """Returns the path of one of a model's files once it is known to be what it must be.

    It is hashed; but where neither the file nor its folder can be written by this process, as in
    the image, the manifest that was written when it was hashed is trusted, and its size checked.

    Raises:
        ModelUnavailable: it is missing, or is not what the catalogue says, or not what was baked
            of the artifact that the catalogue says.
    """
    path = folder / weights.file
    noted = read_manifest(folder).get(weights.file)
    if noted is not None and noted.made_of != source_of(weights).sha256:
        noted = None
    try:
        size = path.stat().st_size
        if isinstance(weights, Baked):
            if noted is None:
                _refuse(entry, weights, "was not baked here", "bakes it")
            expected_bytes, expected_sha256 = noted.bytes, noted.sha256
        else:
            expected_bytes, expected_sha256 = weights.bytes, weights.sha256
        is_trusted = (
            noted is not None
            and noted.sha256 == expected_sha256
            and not any(os.access(written, os.W_OK) for written in (folder, path))
        )
        is_intact = size == expected_bytes and (is_trusted or sha256_of(path) == expected_sha256)
    except OSError:
        _refuse(entry, weights, "is missing", "brings it")
    if not is_intact:
        _refuse(entry, weights, "is broken", "brings it anew")
    return path


def _refuse(entry: ModelEntry, weights: Weights, fault: str, promise: str) -> NoReturn:
    command = f"make weights FACE_MODEL={entry.key}"
    raise ModelUnavailable(
        f"The model's file {weights.file} {fault}. `{command}` {promise}.",
        {"file": weights.file, "command": command},
    )
