"""Fetching, from archives that the tests make and serve themselves on loopback."""

import hashlib
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from face_engine.model.catalog import Archive, ArchiveSource, Artifact, UrlSource
from model_build.fetch import FetchFailed, fetch_artifacts
from tests.support import catalogs
from tests.support.launchers import SIGINT_IGNORED
from tests.support.paths import subprocess_environment
from tools.loopback_server import NOT_FOUND, Send, Server, http_response, running

CONTENT = b"weights " * 5000


def send_file(path: str, send: Send) -> None:
    """Sends CONTENT for /whole, something else for /other, nothing for /missing, slowly /slow."""
    if path.startswith("/missing"):
        send(NOT_FOUND)
        return
    response = http_response(CONTENT if path != "/other" else CONTENT[::-1])
    if path == "/slow":
        send(response[:1000])
        time.sleep(1)
        response = response[1000:]
    send(response)


@pytest.fixture
def server() -> Iterator[Server]:
    with running(send_file) as server:
        yield server


def artifact(*sources: UrlSource | ArchiveSource) -> Artifact:
    return catalogs.artifact(CONTENT, *sources)


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    wanted = artifact(UrlSource(f"{server.url}/whole"))
    for _ in range(2):
        fetch_artifacts([wanted], tmp_path)
        assert (tmp_path / "net.onnx").read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_broken_file_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(CONTENT[:-1])
    fetch_artifacts([artifact(UrlSource(f"{server.url}/whole"))], tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT


def test_the_next_source_is_tried(server: Server, tmp_path: Path) -> None:
    sources = [UrlSource(f"{server.url}/{path}") for path in ("missing", "other", "whole")]
    fetch_artifacts([artifact(*sources)], tmp_path)
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_a_failure_names_each_source_and_the_way_by_hand(server: Server, tmp_path: Path) -> None:
    sources = [UrlSource(f"{server.url}/missing"), UrlSource(f"{server.url}/other")]
    with pytest.raises(FetchFailed) as caught:
        fetch_artifacts([artifact(*sources)], tmp_path)
    message = str(caught.value)
    assert f"{server.url}/missing: " in message
    assert f"{server.url}/other: what came has another SHA-256" in message
    assert hashlib.sha256(CONTENT).hexdigest() in message
    assert str(tmp_path) in message
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize("wrong", ["no registry", "no package", "no TLS"])
def test_npm_says_why_it_failed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    registry, reason = {
        "no registry": ("http://127.0.0.1:9", "ECONNREFUSED"),
        "no package": (f"{server.url}/missing", "404|Not Found"),
        # Loopback speaks plain HTTP where npm expects TLS.
        "no TLS": (server.url.replace("http:", "https:"), "SSL|EPROTO|wrong version"),
    }[wrong]
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry)
    monkeypatch.setenv("NPM_CONFIG_FETCH_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    absent = Archive("npm", "face-engine-no-such-package", "0.0.1", 1, "0" * 64)
    with pytest.raises(FetchFailed) as caught:
        fetch_artifacts([artifact(ArchiveSource(absent, "net.onnx"))], tmp_path)
    (line,) = (line for line in str(caught.value).splitlines() if "npm failed" in line)
    assert re.search(f"npm failed: .*({reason})", line), line
    assert "log of this run" not in line


def start_fetch(
    url: str, folder: Path, launcher: tuple[str, ...] = (), **options: Any
) -> subprocess.Popen[str]:
    """Starts the command, with a catalogue of one file."""
    catalog = catalogs.write_catalog(folder.parent, CONTENT, url)
    command = [*launcher, sys.executable, "-m", "model_build.fetch", "--catalog", str(catalog)]
    # Coverage would write a file of its own, which is too large where none may be.
    environment = {k: v for k, v in subprocess_environment().items() if "COVERAGE" not in k}
    return subprocess.Popen(
        [*command, "--into", str(folder)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_for_request(server: Server) -> None:
    deadline = time.monotonic() + 10
    while len(server.requests) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(server.requests) == 1


def test_a_killed_fetch_leaves_nothing_half_written(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    fetch = start_fetch(f"{server.url}/slow", folder)
    wait_for_request(server)
    fetch.kill()
    fetch.communicate()
    assert not (folder / "net.onnx").exists()
    fetch_artifacts([artifact(UrlSource(f"{server.url}/whole"))], folder)
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "net.onnx"]


@pytest.mark.parametrize("launcher", [(), SIGINT_IGNORED], ids=["default", "ignored"])
def test_an_interrupted_fetch_says_so_and_no_more(
    server: Server, tmp_path: Path, launcher: tuple[str, ...]
) -> None:
    fetch = start_fetch(f"{server.url}/slow", tmp_path / "models", launcher=launcher)
    wait_for_request(server)
    fetch.send_signal(signal.SIGINT)
    _, said = fetch.communicate(timeout=10)
    assert fetch.returncode == 130
    assert said.endswith("Interrupted; the next run goes on from here.\n")
    assert "Traceback" not in said


def test_two_processes_fetch_once(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    fetches = [start_fetch(f"{server.url}/slow", folder) for _ in range(2)]
    for fetch in fetches:
        fetch.communicate(timeout=30)
    assert [fetch.returncode for fetch in fetches] == [0, 0]
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_full_disk_is_one_clear_error_and_the_next_run_succeeds(
    server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "models"

    def allow_no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    fetch = start_fetch(f"{server.url}/whole", folder, preexec_fn=allow_no_large_files)
    _, said = fetch.communicate(timeout=30)
    assert fetch.returncode == 1
    assert "Traceback" not in said
    assert "File too large" in said
    assert not (folder / "net.onnx").exists()
    fetch = start_fetch(f"{server.url}/whole", folder)
    fetch.communicate(timeout=30)
    assert (folder / "net.onnx").read_bytes() == CONTENT
