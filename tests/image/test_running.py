"""The images at work: Lambda's emulator in them, a read-only root, nobody as the user."""

import base64
import json
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest

from face_contract.lambda_entry import LambdaHandler
from tests.conftest import Context, LoadEvent
from tests.paths import EVENT_DIR
from tools.lambda_pool import Environment, free_port
from tools.mounted_image import MountedImage

RUNS = 5
# The client's patience with health.
MOST_COLD_START_S = 5
EVENTS = sorted(
    path.relative_to(EVENT_DIR).as_posix()
    for function in ("extract", "compare")
    for path in EVENT_DIR.glob(f"{function}/*.json")
)
PROBE = """
import json, os, socket
def may_write(path):
    try:
        open(path, "w").close()
        os.remove(path)
    except OSError:
        return False
    return True
places = ["/", "/var/task", "/opt", "/home", "/var/tmp", "/dev/shm", "/run", "/tmp"]
print(json.dumps({"uid": os.getuid(), "may_write": [p for p in places if may_write(p + "/probe")]}))
"""


@contextmanager
def started(image: MountedImage, **variables: str) -> Iterator[Environment]:
    environment = image.start_environment(**variables)
    try:
        yield environment
    finally:
        environment.stop()


@pytest.fixture(scope="module")
def environments(images: dict[str, MountedImage]) -> Iterator[dict[str, Environment]]:
    with started(images["face-extract"]) as extract, started(images["face-compare"]) as compare:
        yield {"extract": extract, "compare": compare}


def same(ours: Any, theirs: Any) -> bool:
    """Whether two answers are equal, but for time and the last digits of floats."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(
            key in {"processing_time_ms", "load_time_seconds", "inference_engines", "instance_id"}
            or key in {"model_loaded", "status", "cold"}
            or same(value, theirs[key])
            for key, value in ours.items()
        )
    if isinstance(ours, list) and ours and isinstance(ours[0], float):
        a, b = np.array(ours), np.array(theirs)
        return bool(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b) < 1e-5)
    if isinstance(ours, float):
        return bool(abs(ours - theirs) < 1e-4)
    return bool(ours == theirs)


@pytest.mark.parametrize("name", EVENTS)
def test_events_are_answered_as_in_process(
    environments: dict[str, Environment],
    handlers: dict[str, LambdaHandler],
    load_event: LoadEvent,
    name: str,
) -> None:
    function = name.partition("/")[0]
    answer = environments[function].invoke((EVENT_DIR / name).read_bytes())
    assert not answer.failed, environments[function].log()
    theirs, ours = answer.json(), handlers[function](load_event(name), Context())
    if "statusCode" not in ours:
        assert same(ours, theirs)
        return
    assert theirs["statusCode"] == ours["statusCode"]
    assert same(json.loads(ours["body"]), json.loads(theirs["body"]))


@pytest.mark.parametrize("name", ["face-extract", "face-compare", "face-local"])
def test_it_is_nobody_and_may_write_only_to_tmp(images: dict[str, MountedImage], name: str) -> None:
    done = subprocess.run(
        [*images[name].launcher(), "/usr/bin/python3", "-c", PROBE],
        env=images[name].variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"uid": 65534, "may_write": ["/tmp"]}


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("face-extract", "extract/extract-embedding-v1.json"),
        ("face-compare", "compare/compare-faces-v1.json"),
    ],
)
def test_cold_start(
    images: dict[str, MountedImage], tell: Callable[[str], None], name: str, event: str
) -> None:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        with started(images[name]) as environment:
            answer = environment.invoke((EVENT_DIR / event).read_bytes())
            seconds.append(time.perf_counter() - start)
        assert answer.json()["statusCode"] == 200
    median = statistics.median(seconds)
    tell(
        f"{name}: cold start to first answer {median:.2f} s"
        f" ({min(seconds):.2f} to {max(seconds):.2f}, {RUNS} runs)"
    )
    assert median < MOST_COLD_START_S


def test_missing_weights_are_told_in_the_envelope(images: dict[str, MountedImage]) -> None:
    with started(images["face-extract"], MODEL_DIR="/tmp") as environment:
        answer = environment.invoke((EVENT_DIR / "extract/health-v1.json").read_bytes())
    assert answer.json()["statusCode"] == 503
    assert json.loads(answer.json()["body"])["error"]["code"] == "MODEL_UNAVAILABLE"


def test_the_local_server(images: dict[str, MountedImage], tell: Callable[[str], None]) -> None:
    image, port = images["face-local"], free_port()
    assert image.config["User"] == "65534:65534"
    assert list(image.config["ExposedPorts"]) == ["8001/tcp"]
    start = time.perf_counter()
    server = subprocess.Popen(
        [*image.launcher(), *image.config["Entrypoint"]],
        env={**image.variables, "HOST": "127.0.0.1", "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            while True:
                try:
                    health = client.get("/api/v1/health")
                    break
                except httpx.TransportError:
                    assert server.poll() is None, server.stdout
                    assert time.perf_counter() - start < 30
                    time.sleep(0.02)
            tell(f"face-local: health after {time.perf_counter() - start:.2f} s")
            assert health.json()["model_loaded"] is True
            portrait = base64.b64encode((EVENT_DIR / "portrait.jpg").read_bytes()).decode()
            answer = client.post("/api/v1/extract-embedding", json={"image": portrait}).json()
            assert answer["face_count"] == 1
            vectors = {"embedding1": answer["embedding"], "embedding2": answer["embedding"]}
            assert client.post("/api/v1/compare-faces", json=vectors).json()["is_same_person"]
            assert client.get("/docs").status_code == 200
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        output = server.communicate(timeout=20)[0].decode()
    assert server.returncode in {0, -signal.SIGTERM}, output
