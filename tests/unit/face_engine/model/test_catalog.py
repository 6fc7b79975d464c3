import re

import pytest

from face_engine.model.catalog import ArchiveSource, UrlSource, read_catalog
from face_service.settings import read_settings


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


def test_every_choice_of_the_catalogue_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = read_catalog().choices
    assert {"mobilefacenet", "arcface"} <= set(choices["face_model"])
    assert {"retinaface", "yunet"} <= set(choices["detector"])
    assert {"deepface", "similarity"} <= set(choices["alignment"])
    for setting, values in choices.items():
        for value in values:
            monkeypatch.setenv(setting.upper(), value)
            assert getattr(read_settings(choices), setting) == value
