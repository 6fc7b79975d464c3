"""Fixtures shared by all tests: photos, the model and the service."""

import base64
import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import httpx2 as httpx
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from fastapi.testclient import TestClient

from face_engine.detection.tilt import StraighteningDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.extractor import Extractor
from face_engine.faces import Photo
from face_engine.model.loader import ModelLoader
from face_engine.photo import decode_image
from face_service.lambda_entry import LambdaHandler
from face_service.settings import Settings
from functions.local.app import create
from tests.support.composites import Subject
from tests.support.labels import PORTRAITS
from tests.support.machine import MachineGuard, watched_folders
from tests.support.paths import EVENT_DIR, MODEL_DIR, PHOTO_DIR, subprocess_environment
from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import Pool, start_pool
from tools.local_server import LocalServer

ReadPhoto = Callable[[str], bytes]
Extract = Callable[..., dict[str, Any]]
LoadEvent = Callable[[str], dict[str, Any]]
StartServer = Callable[..., LocalServer]


def pytest_configure(config: pytest.Config) -> None:
    """Watches the machine, and lets SIGINT reach child processes even if the parent ignored it."""
    # The workers of pytest-xdist run between the start and the end of the session that began them.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(MachineGuard(watched_folders()))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Context(LambdaContext):
    """The attributes of Lambda's context that Powertools reads."""

    def __init__(self) -> None:
        self._function_name = "face"
        self._memory_limit_in_mb = 1769
        self._invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:face:live"
        self._aws_request_id = "3f6d1c52-7a3e-4a51-9c0e-1b2c3d4e5f60"


@pytest.fixture(scope="session")
def read_photo() -> ReadPhoto:
    """Returns a function that reads the file of a test photo."""
    return lambda name: (PHOTO_DIR / name).read_bytes()


@pytest.fixture(scope="session")
def decode_photo(read_photo: ReadPhoto) -> Callable[[str], Photo]:
    return lambda name: decode_image(read_photo(name), 64_000_000)


@pytest.fixture(scope="session")
def subjects(decode_photo: Callable[[str], Photo]) -> list[Subject]:
    """The people of the portraits, to compose photos of."""
    file = MODEL_DIR / "yunet.onnx"
    detector = StraighteningDetector(YuNetDetector(file))
    images = {portrait: decode_photo(portrait.file).rgb for portrait in PORTRAITS}
    return [
        Subject(image, portrait.person, detector.detect(image)[0])
        for portrait, image in images.items()
    ]


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    """The real model."""
    return ModelLoader("mobilefacenet", MODEL_DIR).load().extractor


@pytest.fixture(scope="session")
def local_service() -> Iterator[httpx.Client]:
    """The local server's app with default settings, in this process."""
    with TestClient(create(Settings(model_dir=MODEL_DIR)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Starts local servers with environment variables, and stops those that still run."""
    servers: list[LocalServer] = []

    def start(**variables: str) -> LocalServer:
        servers.append(LocalServer(subprocess_environment(**variables)))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def pools() -> Iterator[dict[str, Pool]]:
    """A Lambda environment of each function: they answer one request after the other."""
    pools = {name: start_pool(name, 1) for name in ("extract", "compare")}
    yield pools
    for pool in pools.values():
        pool.stop()


@pytest.fixture(scope="session")
def gateway(pools: dict[str, Pool]) -> Iterator[str]:
    """The address of an API Gateway in front of the pools."""
    with serve(create_gateway(pools)) as address:
        yield address


@pytest.fixture(scope="session")
def lambda_service(gateway: str) -> Iterator[httpx.Client]:
    """The deployed bundle, as closely as one machine can run it."""
    with httpx.Client(base_url=gateway, timeout=60) as client:
        yield client


@pytest.fixture(scope="session", params=["local", "lambda"])
def service(request: pytest.FixtureRequest) -> httpx.Client:
    """The same API twice: in this process, and on Lambda's own runtime."""
    client: httpx.Client = request.getfixturevalue(f"{request.param}_service")
    return client


@pytest.fixture
def make_service() -> Callable[..., httpx.Client]:
    """Returns a function that builds the app with other settings."""

    def make(**settings: Any) -> httpx.Client:
        app = create(Settings(**{"model_dir": MODEL_DIR, **settings}))
        return TestClient(app, raise_server_exceptions=False)

    return make


@pytest.fixture(scope="session")
def extract(service: httpx.Client) -> Extract:
    """Returns a function that extracts from the bytes of a photo and requires status 200."""
    return _extract_with(service)


@pytest.fixture(scope="session")
def extract_locally(local_service: httpx.Client) -> Extract:
    """The same for what the engine alone decides: Lambda could make no difference to it."""
    return _extract_with(local_service)


def _extract_with(service: httpx.Client) -> Extract:
    def extract_from(photo: bytes, **options: Any) -> dict[str, Any]:
        body = {"image": base64.b64encode(photo).decode(), **options}
        answer = service.post("/api/v1/extract-embedding", json=body)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    return extract_from


@pytest.fixture(scope="session")
def load_event() -> LoadEvent:
    """Returns a function that reads a sample event."""
    return lambda name: json.loads((EVENT_DIR / name).read_text("utf-8"))


@pytest.fixture(scope="session")
def handlers() -> dict[str, LambdaHandler]:
    """The Lambda handlers, imported into this process."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MODEL_DIR", str(MODEL_DIR))
        from functions.compare import handler as compare
        from functions.extract import handler as extract
    return {"extract": extract.handler, "compare": compare.handler}
