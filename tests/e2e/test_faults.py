"""What breaks around a service that runs: files, disks, processes."""

import base64
import json
import os
import resource
import shutil
import signal
import threading
import time
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.conftest import LoadEvent, ReadPhoto, StartServer
from tests.support.envelope import assert_error
from tests.support.paths import MODEL_DIR
from tests.support.processes import children_of
from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import Pool, start_environment

EXTRACT = "/api/v1/extract-embedding"
HEALTH = "/api/v1/health"


@pytest.fixture
def photo(read_photo: ReadPhoto) -> dict[str, object]:
    return {"image": base64.b64encode(read_photo("person_b_1.jpg")).decode()}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(MODEL_DIR, folder)
    return folder


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "corrupted"])
def test_model_files_that_change_while_it_runs_change_no_answer(
    start_server: StartServer, models: Path, photo: dict[str, object], is_deleted: bool
) -> None:
    server = start_server(MODEL_DIR=str(models))
    before = httpx.post(server.address + EXTRACT, json=photo).json()
    for path in models.glob("*.onnx"):
        if is_deleted:
            path.unlink()
        else:
            path.write_bytes(b"broken")
    after = httpx.post(server.address + EXTRACT, json=photo).json()
    assert after["embedding"] == before["embedding"]
    assert httpx.get(server.address + HEALTH).json()["model_loaded"] is True


def test_it_recovers_when_the_files_come(
    start_server: StartServer, models: Path, photo: dict[str, object]
) -> None:
    away = models.rename(models.with_name("away"))
    server = start_server(MODEL_DIR=str(models))
    assert_error(httpx.post(server.address + EXTRACT, json=photo), 503, "MODEL_UNAVAILABLE")
    away.rename(models)
    assert httpx.get(server.address + HEALTH).json()["model_loaded"] is False
    assert httpx.post(server.address + EXTRACT, json=photo).status_code == 200
    assert httpx.get(server.address + HEALTH).json()["model_loaded"] is True


def test_no_disk_is_needed(start_server: StartServer, photo: dict[str, object]) -> None:
    server = start_server()
    # From now on it cannot write a byte to any file, as if every disk were full.
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    large = {"image": base64.b64encode(os.urandom(9_000_000)).decode()}
    assert httpx.post(server.address + EXTRACT, json=photo).status_code == 200
    assert_error(httpx.post(server.address + EXTRACT, json=large), 400, "INVALID_IMAGE")
    assert httpx.get(server.address + HEALTH).status_code == 200
    # Coverage writes a file at the end.
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)


def test_a_killed_environment_is_replaced(load_event: LoadEvent) -> None:
    pool = Pool([start_environment("extract")])
    event = json.dumps(load_event("extract/extract-embedding-v1.json")).encode()
    try:
        with serve(create_gateway({"extract": pool})) as address:
            health = address + HEALTH
            assert httpx.get(health, timeout=20).status_code == 200
            (runtime,) = children_of(pool.environments[0].process.pid)
            # The moment comes in the middle of a request, or between two.
            killer = threading.Timer(0.02, os.kill, (runtime, signal.SIGKILL))
            killer.start()
            answers = [httpx.post(address + EXTRACT, json=body_of(event), timeout=20)]
            killer.join()
            answers += [
                httpx.post(address + EXTRACT, json=body_of(event), timeout=20) for _ in range(2)
            ]
    finally:
        pool.stop()
    *_, last = answers
    assert last.status_code == 200
    assert last.json()["face_count"] == 1
    assert child_is_gone(runtime)
    for answer in answers:
        if answer.status_code != 200:
            assert_error(answer, 502, "BAD_GATEWAY")


def body_of(event: bytes) -> dict[str, object]:
    body: dict[str, object] = json.loads(json.loads(event)["body"])
    return body


def child_is_gone(process: int) -> bool:
    deadline = time.monotonic() + 5
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not Path(f"/proc/{process}").exists()
