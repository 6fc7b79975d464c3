import re
from pathlib import Path
from typing import get_args

import pytest

from face_contract.errors import ModelUnavailable
from face_contract.settings import Settings
from face_engine.catalog import ArchiveSource, UrlSource, read_artifact, read_catalog
from tests.paths import MODEL_DIR


def test_every_artifact_has_a_hash_a_licence_and_a_source() -> None:
    for artifact in read_catalog().artifacts.values():
        assert re.fullmatch(r"[0-9a-f]{64}", artifact.sha256)
        assert artifact.licence
        assert artifact.bytes > 0
        for source in artifact.sources:
            match source:
                case ArchiveSource(archive, _):
                    assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
                case UrlSource(url):
                    assert url.startswith("https://")


def test_the_models_are_what_the_setting_takes() -> None:
    assert set(read_catalog().models) == set(
        get_args(Settings.model_fields["face_model"].annotation)
    )


def test_the_weights_in_use_are_intact() -> None:
    for artifact in read_catalog().models["mobilefacenet"].artifacts:
        assert len(read_artifact(MODEL_DIR, artifact)) == artifact.bytes


def test_missing_and_broken_files_name_the_command(tmp_path: Path) -> None:
    artifact = read_catalog().models["mobilefacenet"].detector
    with pytest.raises(ModelUnavailable, match=r"is missing\. `make weights`"):
        read_artifact(tmp_path, artifact)
    content = bytearray((MODEL_DIR / artifact.file).read_bytes())
    content[1000] ^= 1
    (tmp_path / artifact.file).write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"is broken\. `make weights`"):
        read_artifact(tmp_path, artifact)
    (tmp_path / artifact.file).write_bytes(content[:-1])
    with pytest.raises(ModelUnavailable):
        read_artifact(tmp_path, artifact)
