import re
from typing import get_args

from face_engine.model.catalog import ArchiveSource, UrlSource, read_catalog
from face_service.settings import Settings


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
