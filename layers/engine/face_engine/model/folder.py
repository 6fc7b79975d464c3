"""A folder of weights and its manifest; each file is checked before use."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import ConvertedWeights, ModelEntry, Weights, sha256_of, source_of
from face_engine.model.certificate import RegionCertificate

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A file as the bake left it.

    Attributes:
        made_of: SHA-256 of the artifact it was converted from, or its own if it is a copy.
        made_with: versions of the packages and of our code that converted it.
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
        content = _read_manifest(path)
        self.manifest = content.files
        self._certificate = content.certificate

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

    def find_certificate(self, entry: ModelEntry) -> RegionCertificate | None:
        """Returns the certificate of RetinaFace's regions, if it holds for a model's files."""
        hashes = {
            weights.file: self.manifest[weights.file].sha256
            for weights in entry.weights
            if weights.file in self.manifest
        }
        certificate = self._certificate
        return certificate if certificate is not None and certificate.files == hashes else None

    def certify(self, certificate: RegionCertificate) -> None:
        """Replaces the certificate in the manifest file."""
        self._certificate = certificate
        self._write()

    def add(self, entry: ManifestEntry) -> None:
        """Adds an entry to the manifest, and replaces the manifest file atomically."""
        self.manifest[entry.file] = entry
        self._write()

    def _write(self) -> None:
        content: dict[str, Any] = {
            "files": [asdict(self.manifest[name]) for name in sorted(self.manifest)]
        }
        if self._certificate is not None:
            content["certificate"] = asdict(self._certificate)
        part = self.path / f"{MANIFEST_FILE}.part"
        part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
        part.replace(self.path / MANIFEST_FILE)


@dataclass(frozen=True, slots=True)
class _Manifest:
    files: dict[str, ManifestEntry]
    certificate: RegionCertificate | None


def _read_manifest(folder: Path) -> _Manifest:
    try:
        content = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        files = {entry["file"]: ManifestEntry(**entry) for entry in content["files"]}
        return _Manifest(files, RegionCertificate.read(content.get("certificate")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Treat a broken manifest as missing: its files are hashed or refused.
        return _Manifest({}, None)


def _refuse(entry: ModelEntry, weights: Weights, fault: str, promise: str) -> NoReturn:
    command = f"make weights FACE_MODEL={entry.key}"
    raise ModelUnavailable(
        f"The model's file {weights.file} {fault}. `{command}` {promise}.",
        {"file": weights.file, "command": command},
    )
