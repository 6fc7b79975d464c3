"""More requests than can be worked on, and requests that take too long."""

import base64
import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import httpx2 as httpx
import pytest
from PIL import Image

from face_engine.processors import count_processors
from tests.conftest import ReadPhoto, StartServer
from tests.support.envelope import assert_error
from tools.local_server import LocalServer
from tools.loopback_server import Send, http_response, running

EXTRACT = "/api/v1/extract-embedding"
HEALTH = "/api/v1/health"
PROCESSORS = count_processors()


class HeldPhotos:
    """Serves a photo, but to nobody before it is released."""

    def __init__(self, photo: bytes) -> None:
        self.photo = photo
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        self.host = ""

    def reply(self, _: str, send: Send) -> None:
        self.arrived.release()
        self.released.wait(30)
        send(http_response(self.photo))

    def wait_for(self, requests: int) -> None:
        """Waits until so many requests are held."""
        for _ in range(requests):
            assert self.arrived.acquire(timeout=20)


@pytest.fixture
def held(read_photo: ReadPhoto) -> Iterator[HeldPhotos]:
    photos = HeldPhotos(read_photo("person_b_1.jpg"))
    with running(photos.reply) as server:
        photos.host = server.host
        yield photos
        photos.released.set()


@pytest.fixture
def photo(read_photo: ReadPhoto) -> dict[str, object]:
    return {"image": base64.b64encode(read_photo("person_b_1.jpg")).decode()}


@pytest.fixture(scope="module")
def slow_photo() -> dict[str, object]:
    """Takes some seconds to decode, and none to send."""
    file = io.BytesIO()
    Image.new("RGBA", (7999, 7999)).save(file, "PNG")
    return {"image": base64.b64encode(file.getvalue()).decode(), "enforce_detection": False}


def hold(server: LocalServer, held: HeldPhotos, requests: int) -> list[Future[httpx.Response]]:
    """Sends requests that wait for their photos."""
    threads = ThreadPoolExecutor(requests)
    body = {"image": f"http://{held.host}/", "image_type": "url"}
    sent = [
        threads.submit(httpx.post, server.address + EXTRACT, json=body, timeout=40)
        for _ in range(requests)
    ]
    threads.shutdown(wait=False)
    return sent


def seconds_to_refuse_unread(server: LocalServer) -> float:
    """Sends headers of a request and none of the body that they announce."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", EXTRACT)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "10000000")
    start = time.perf_counter()
    connection.endheaders()
    status = connection.getresponse().status
    seconds = time.perf_counter() - start
    connection.close()
    assert status == 503
    return seconds


@pytest.mark.alone
def test_one_too_many_is_refused_at_once_and_nothing_that_waits_is_lost(
    start_server: StartServer, held: HeldPhotos, photo: dict[str, object]
) -> None:
    server = start_server(MAX_WAITING="6", DOWNLOAD_ALLOWED_HOSTS=held.host)
    waiting = hold(server, held, PROCESSORS + 6)
    held.wait_for(PROCESSORS + 6)
    for body in ({**photo}, {"image": "A" * 10_000_000}):
        refused = httpx.post(server.address + EXTRACT, json=body)
        assert_error(refused, 503, "OVERLOADED")
        assert int(refused.headers["retry-after"]) > 0
    assert min(seconds_to_refuse_unread(server) for _ in range(10)) < 0.02
    assert httpx.get(server.address + HEALTH, timeout=1).status_code == 200
    held.released.set()
    answers = [request.result().json() for request in waiting]
    assert [answer["face_count"] for answer in answers] == [1] * len(waiting)
    assert len({tuple(answer["embedding"]) for answer in answers}) == 1
    assert httpx.post(server.address + EXTRACT, json=photo).status_code == 200


def test_slow_downloads_leave_places_for_photos(
    start_server: StartServer, held: HeldPhotos, photo: dict[str, object]
) -> None:
    server = start_server(
        MAX_WAITING="40", DOWNLOAD_ALLOWED_HOSTS=held.host, DOWNLOAD_TIMEOUT_S="25"
    )
    waiting = hold(server, held, 16 + 20)
    held.wait_for(16)
    # As many again wait for a thread; they came at the same time.
    time.sleep(1)
    (refused,) = (request.result() for request in hold(server, held, 1))
    assert_error(refused, 503, "OVERLOADED")
    for _ in range(5):
        answer = httpx.post(server.address + EXTRACT, json=photo, timeout=10)
        assert answer.status_code == 200
    held.released.set()
    assert {request.result().status_code for request in waiting} == {200}


@pytest.mark.alone
def test_many_large_photos_at_once_leave_health_its_time_and_memory_bounded(
    start_server: StartServer,
) -> None:
    server = start_server()
    body = {"image": "A" * 13_000_000}
    with ThreadPoolExecutor(PROCESSORS + 64) as threads:
        sent = [
            threads.submit(httpx.post, server.address + EXTRACT, json=body, timeout=60)
            for _ in range(PROCESSORS + 64)
        ]
        slowest = 0.0
        while not all(request.done() for request in sent):
            start = time.perf_counter()
            assert httpx.get(server.address + HEALTH, timeout=10).status_code == 200
            slowest = max(slowest, time.perf_counter() - start)
            time.sleep(0.05)
    assert {request.result().status_code for request in sent} <= {400, 503}
    # As long as the main client waits; two processors also run these 66 clients.
    assert slowest < 5
    # All bodies alone have 0.9 GB. Before errors gave them back they took 2.7.
    assert server.peak_mb() < 1200
    assert server.resident_mb() < 600


@pytest.mark.alone
def test_a_spent_budget_is_answered_on_time_and_the_slot_stays_busy(
    start_server: StartServer, slow_photo: dict[str, object], photo: dict[str, object]
) -> None:
    server = start_server(MAX_WAITING="0", REQUEST_BUDGET_S="0.3")
    with ThreadPoolExecutor(PROCESSORS) as threads:
        start = time.perf_counter()
        sent = [
            threads.submit(httpx.post, server.address + EXTRACT, json=slow_photo, timeout=20)
            for _ in range(PROCESSORS)
        ]
        late = [request.result() for request in sent]
    assert time.perf_counter() - start < 1.5
    for answer in late:
        assert_error(answer, 504, "TIMEOUT")
    # The threads still decode.
    assert_error(httpx.post(server.address + EXTRACT, json=photo), 503, "OVERLOADED")
    deadline = time.perf_counter() + 20
    while (answer := httpx.post(server.address + EXTRACT, json=photo)).status_code == 503:
        assert time.perf_counter() < deadline
        time.sleep(0.1)
    assert answer.status_code == 200


def test_a_download_ends_with_the_budget(start_server: StartServer, held: HeldPhotos) -> None:
    server = start_server(REQUEST_BUDGET_S="1", DOWNLOAD_ALLOWED_HOSTS=held.host)
    start = time.perf_counter()
    (request,) = hold(server, held, 1)
    assert_error(request.result(), 504, "TIMEOUT")
    assert 0.9 < time.perf_counter() - start < 3


@pytest.mark.parametrize("path", [EXTRACT, "/api/v1/compare-faces"])
def test_a_body_that_never_comes_is_not_waited_for(start_server: StartServer, path: str) -> None:
    server = start_server(REQUEST_BUDGET_S="1")
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + b'{"image": "')
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b'"TIMEOUT"' in answer


def test_clients_that_disappear_half_way_leave_their_places(
    start_server: StartServer, photo: dict[str, object]
) -> None:
    server = start_server(MAX_WAITING="2")
    for _ in range(20):
        with closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as left:
            head = f"POST {EXTRACT} HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n"
            left.sendall(head.encode() + b'{"image": "')
            time.sleep(0.02)
    answers = [httpx.post(server.address + EXTRACT, json=photo) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert "Traceback" not in server.stop()
