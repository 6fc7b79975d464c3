"""extract-embedding by URL, from a real server on loopback."""

import base64
import time
from collections.abc import Callable, Iterator

import httpx2 as httpx
import pytest

from tests.conftest import ReadPhoto
from tools.loopback_server import NOT_FOUND, Send, http_response, redirect, running

PATH = "/api/v1/extract-embedding"
MakeService = Callable[..., httpx.Client]


@pytest.fixture
def address(read_photo: ReadPhoto) -> Iterator[str]:
    replies = {
        "/photo.jpg": http_response(read_photo("impostor_1.jpg")),
        "/text": http_response(b"no image"),
        "/large": http_response(bytes(2000)),
        "/moved": redirect("/photo.jpg"),
    }

    def reply(path: str, send: Send) -> None:
        send(replies.get(path.partition("?")[0], NOT_FOUND))

    with running(reply) as server:
        yield server.url


@pytest.fixture
def service_inside(make_service: MakeService) -> httpx.Client:
    """A service that may download from the test's own server."""
    return make_service(download_allowed_hosts=("127.0.0.1",))


def by_url(service: httpx.Client, url: str) -> httpx.Response:
    return service.post(PATH, json={"image": url, "image_type": "url"})


@pytest.mark.parametrize("path", ["/photo.jpg", "/moved", "/photo.jpg?signature=abc%2F"])
def test_a_url_gives_what_the_photo_itself_gives(
    service_inside: httpx.Client, read_photo: ReadPhoto, address: str, path: str
) -> None:
    answer = by_url(service_inside, address + path)
    assert answer.status_code == 200
    image = base64.b64encode(read_photo("impostor_1.jpg")).decode()
    itself = service_inside.post(PATH, json={"image": image}).json()
    for key in ("embedding", "facial_area", "face_confidence", "face_count", "model"):
        assert answer.json()[key] == itself[key]


def test_a_download_that_is_no_image(service_inside: httpx.Client, address: str) -> None:
    answer = by_url(service_inside, f"{address}/text")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_IMAGE"


def test_a_download_over_the_limit_has_failed(make_service: MakeService, address: str) -> None:
    service = make_service(download_allowed_hosts=("127.0.0.1",), max_image_bytes=1999)
    answer = by_url(service, f"{address}/large")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "DOWNLOAD_FAILED"


@pytest.mark.parametrize(
    "url",
    [
        "{address}/photo.jpg",
        "http://localhost/photo.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "file:///etc/passwd",
        "ftp://example.com/a.jpg",
        "/etc/passwd",
        "AAAA",
        "",
    ],
)
def test_what_is_not_public_is_refused(service: httpx.Client, address: str, url: str) -> None:
    start = time.perf_counter()
    answer = by_url(service, url.format(address=address))
    assert time.perf_counter() - start < 2
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "DOWNLOAD_FAILED"
    assert error["details"] is None
    assert "127.0.0.1" not in error["message"]


def test_a_missing_photo_has_failed(service_inside: httpx.Client, address: str) -> None:
    answer = by_url(service_inside, f"{address}/missing")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "DOWNLOAD_FAILED"
    assert "404" not in answer.text
