"""The documented `docker build` and `docker run`."""

import base64
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.support.answers import same
from tests.support.documents import command as documented_command
from tests.support.paths import EVENT_DIR, ROOT
from tools.base_image import run
from tools.lambda_pool import free_port
from tools.local_server import wait_for_answer

# The first test waits for the build.
pytestmark = pytest.mark.timeout(1800)
PORT = 8001
START_TIMEOUT_S = 60
# Docker asks for the first time after 30 s.
HEALTH_TIMEOUT_S = 90


class Container:
    """`docker run` as documented, but on loopback and, if 8001 is taken, on another port."""

    def __init__(self, image: str, port: int) -> None:
        command = documented_command("docker", "run")
        assert command[-1] == image
        command[command.index(f"{PORT}:{PORT}")] = f"127.0.0.1:{port}:{PORT}"
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=self.address, timeout=60)

    def wait_until_it_answers(self) -> None:
        wait_for_answer(self.address, self.process, START_TIMEOUT_S)

    def stop(self) -> int:
        """Sends SIGTERM, which Docker passes on; returns the exit status."""
        self.client.close()
        self.process.terminate()
        return self.process.wait(30)


def usual_or_free_port() -> int:
    with socket.socket() as wanted:
        wanted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            wanted.bind(("127.0.0.1", PORT))
        except OSError:
            return free_port()
    return PORT


@pytest.fixture(scope="module")
def image(base_image: str) -> str:
    command = documented_command("docker", "build")
    command[2:2] = ["--build-arg", f"BASE_IMAGE={base_image}"]
    subprocess.run(command, cwd=ROOT, check=True)
    return command[command.index("-t") + 1]


@pytest.fixture(scope="module")
def container(image: str) -> Iterator[Container]:
    container = Container(image, usual_or_free_port())
    try:
        container.wait_until_it_answers()
        yield container
    finally:
        if container.process.poll() is None:
            container.stop()


def test_it_is_healthy(container: Container) -> None:
    health = container.client.get("/api/v1/health")
    assert health.status_code == 200
    assert health.json()["model_loaded"] is True


def test_it_answers_as_this_process_does(container: Container, local_service: httpx.Client) -> None:
    portrait = base64.b64encode((EVENT_DIR / "portrait.jpg").read_bytes()).decode()
    for path, body in (
        ("extract-embedding", {"image": portrait}),
        ("extract-embedding", {"image": "bm8gcGhvdG8="}),
    ):
        ours = local_service.post(f"/api/v1/{path}", json=body)
        theirs = container.client.post(f"/api/v1/{path}", json=body)
        assert theirs.status_code == ours.status_code
        assert same(ours.json(), theirs.json())
    embedding = local_service.post("/api/v1/extract-embedding", json={"image": portrait}).json()
    pair = {"embedding1": embedding["embedding"], "embedding2": embedding["embedding"]}
    compared = container.client.post("/api/v1/compare-faces", json=pair)
    assert compared.json()["is_same_person"] is True


@pytest.mark.usefixtures("container")
def test_docker_finds_it_healthy(image: str) -> None:
    (name,) = run("docker", "ps", "--quiet", "--filter", f"ancestor={image}").split()
    deadline = time.monotonic() + HEALTH_TIMEOUT_S
    state = "starting"
    while state == "starting" and time.monotonic() < deadline:
        time.sleep(1)
        state = run("docker", "inspect", "--format", "{{.State.Health.Status}}", name)
    assert state == "healthy"


def test_it_stops_when_it_is_told_to(container: Container, image: str) -> None:
    start = time.monotonic()
    # 143 is SIGTERM's, for a process that ends by it.
    assert container.stop() in {0, 143}
    # Docker itself would wait for 10 s and kill it.
    assert time.monotonic() - start < 8
    assert run("docker", "ps", "--all", "--quiet", "--filter", f"ancestor={image}") == ""
