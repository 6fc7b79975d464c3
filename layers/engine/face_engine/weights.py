"""The files that a model is loaded from, each checked before it is used."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from face_contract.errors import ModelUnavailable
from face_engine.catalog import Artifact, ModelEntry

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class BakedFile:
    """A file as the bake left it, and the SHA-256 of the artifact that it was made of."""

    file: str
    bytes: int
    sha256: str
    made_of: str


def read_manifest(folder: Path) -> dict[str, BakedFile]:
    """Returns what was baked into a folder, by file name; nothing when there is no manifest."""
    try:
        content = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        return {entry["file"]: BakedFile(**entry) for entry in content["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        # As good as none: what it should have vouched for is hashed or refused.
        return {}


def write_manifest(folder: Path, files: list[BakedFile], made_with: dict[str, str]) -> None:
    """Writes the manifest, whole or not at all.

    Args:
        folder: where the files are.
        files: all that was baked.
        made_with: versions of the packages that made them.
    """
    content = {"files": [asdict(file) for file in files], "made_with": made_with}
    part = folder / f"{MANIFEST_FILE}.part"
    part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
    part.replace(folder / MANIFEST_FILE)


def find_weights(entry: ModelEntry, weights: Artifact, folder: Path) -> Path:
    """Returns the path of one of a model's files once it is known to be what it must be.

    It is hashed; but where neither the file nor its folder can be written by this process, as in
    the image, the manifest that was written when it was hashed is trusted, and its size checked.

    Raises:
        ModelUnavailable: it is missing or is not what the catalogue says.
    """
    path = folder / weights.file
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unavailable(entry, weights, "is missing", "brings it") from error
    if size == weights.bytes and (_is_vouched_for(weights, folder) or _has_hash(path, weights)):
        return path
    raise _unavailable(entry, weights, "is broken", "brings it anew")


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_vouched_for(weights: Artifact, folder: Path) -> bool:
    if any(os.access(path, os.W_OK) for path in (folder, folder / weights.file)):
        return False
    baked = read_manifest(folder).get(weights.file)
    return baked is not None and baked.sha256 == weights.sha256


def _has_hash(path: Path, weights: Artifact) -> bool:
    try:
        return sha256_of(path) == weights.sha256
    except OSError:
        return False


def _unavailable(
    entry: ModelEntry, weights: Artifact, fault: str, promise: str
) -> ModelUnavailable:
    command = f"make weights FACE_MODEL={entry.key}"
    return ModelUnavailable(
        f"The model's file {weights.file} {fault}. `{command}` {promise}.",
        {"file": weights.file, "command": command},
    )
