"""The images at work: Lambda's emulator in them, a read-only root, nobody as the user."""

import base64
import json
import os
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2 as httpx
import pytest

from face_service.lambda_entry import LambdaHandler
from tests.conftest import Context, LoadEvent
from tests.support.answers import assert_same_answer
from tests.support.paths import EVENT_DIR, IMAGE_EVENTS
from tools.lambda_pool import Environment, free_port
from tools.local_server import wait_for_answer
from tools.mounted_image import MountedImage

RUNS = 5
# The client's patience with health.
MAX_COLD_START_S = 5
PROBE = """
import json, os, socket
def may_write(path):
    try:
        open(path, "w").close()
        os.remove(path)
    except OSError:
        return False
    return True
places = ["/", "/dev", "/var/task", "/opt", "/home", "/var/tmp", "/dev/shm", "/run", "/tmp"]
print(json.dumps({"uid": os.getuid(), "may_write": [p for p in places if may_write(p + "/probe")]}))
"""


DEVICES = """
open("/dev/null", "w").write("nothing")
zero, urandom = open("/dev/zero", "rb"), open("/dev/urandom", "rb")
print(len(open("/dev/null").read()), zero.read(4), len(urandom.read(8)))
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


@pytest.mark.parametrize("name", IMAGE_EVENTS)
def test_events_are_answered_as_in_process(
    environments: dict[str, Environment],
    handlers: dict[str, LambdaHandler],
    load_event: LoadEvent,
    name: str,
) -> None:
    function = name.partition("/")[0]
    answer = environments[function].invoke((EVENT_DIR / name).read_bytes())
    assert not answer.failed, environments[function].log()
    assert_same_answer(handlers[function](load_event(name), Context()), answer.json())


def test_documentation_can_be_enabled(
    images: dict[str, MountedImage], load_event: LoadEvent
) -> None:
    environment = images["face-extract"].start_environment(ENABLE_DOCS="true")
    try:
        event = {**load_event("extract/health-v1.json"), "resource": "/docs", "path": "/docs"}
        event["requestContext"] |= {"resourcePath": "/docs", "path": "/prod/docs"}
        answer = environment.invoke(json.dumps(event).encode())
        assert not answer.failed, environment.log()
        assert answer.json()["statusCode"] == 200
    finally:
        environment.stop()


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


@pytest.mark.parametrize("base_has_dev", [True, False])
def test_it_has_devices_whatever_its_base_has(base_has_dev: bool) -> None:
    image = MountedImage("face-compare")
    try:
        dev = image.root / "dev"
        shutil.rmtree(dev, ignore_errors=True)
        if base_has_dev:
            dev.mkdir()
            (dev / "null").touch()
        done = subprocess.run(
            [*image.launcher(), "/usr/bin/python3", "-c", DEVICES],
            env=image.variables,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        image.close()
    assert done.stdout == r"0 b'\x00\x00\x00\x00' 8" + "\n"


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("face-extract", "extract/extract-embedding-v1.json"),
        ("face-compare", "compare/compare-faces-v1.json"),
    ],
)
def test_cold_start(
    images: dict[str, MountedImage], report_figure: Callable[[str], None], name: str, event: str
) -> None:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        with started(images[name]) as environment:
            answer = environment.invoke((EVENT_DIR / event).read_bytes())
            seconds.append(time.perf_counter() - start)
        assert answer.json()["statusCode"] == 200
    median = statistics.median(seconds)
    report_figure(
        f"{name}: cold start to first answer {median:.2f} s"
        f" ({min(seconds):.2f} to {max(seconds):.2f}, {RUNS} runs)"
    )
    assert median < MAX_COLD_START_S


def test_missing_weights_are_told_in_the_envelope(images: dict[str, MountedImage]) -> None:
    with started(images["face-extract"], MODEL_DIR="/tmp") as environment:
        answer = environment.invoke((EVENT_DIR / "extract/health-v1.json").read_bytes())
    assert answer.json()["statusCode"] == 503
    assert json.loads(answer.json()["body"])["error"]["code"] == "MODEL_UNAVAILABLE"


def test_the_local_server(
    images: dict[str, MountedImage], report_figure: Callable[[str], None]
) -> None:
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
            health = wait_for_answer(f"http://127.0.0.1:{port}", server, 30)
            report_figure(f"face-local: health after {time.perf_counter() - start:.2f} s")
            assert health.json()["model_loaded"] is True
            portrait = base64.b64encode((EVENT_DIR / "portrait.jpg").read_bytes()).decode()
            answer = client.post("/api/v1/extract-embedding", json={"image": portrait}).json()
            assert answer["face_count"] == 1
            vectors = {"embedding1": answer["embedding"], "embedding2": answer["embedding"]}
            assert client.post("/api/v1/compare-faces", json=vectors).json()["is_same_person"]
            assert client.get("/docs").status_code == 200
            assert "playground/main.js" in client.get("/").text
            assert client.get("/playground/main.js").status_code == 200
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        output = server.communicate(timeout=20)[0].decode()
    assert server.returncode in {0, -signal.SIGTERM}, output
