"""URLs, and what they answer with: no way inside, no answer late."""

import gzip
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from face_service.settings import Settings
from functions.local.app import create
from tests.support.broken_images import FILES
from tests.support.checked_requests import DAMAGED, post_image
from tests.support.loopback_network import Network
from tests.support.odd_urls import URLS, WELL_FORMED
from tests.support.paths import MODEL_DIR
from tools.loopback_server import Send, running

DEADLINE_S = 0.5
MAX_SECONDS = DEADLINE_S + 2


class OddServer:
    """Sends `answer` to every client, and then keeps the connection open if it `stalls`."""

    answer = b""
    stalls = False
    port = 0

    def reply(self, _: str, send: Send) -> None:
        send(self.answer)
        if self.stalls:
            # A client that waits for more is too late.
            time.sleep(MAX_SECONDS + 1)


@pytest.fixture(scope="module")
def odd_server() -> Iterator[OddServer]:
    odd_server = OddServer()
    with running(odd_server.reply) as server:
        odd_server.port = server.port
        yield odd_server


@pytest.fixture(scope="module")
def service(odd_server: OddServer) -> Iterator[httpx.Client]:
    settings = Settings(
        model_dir=MODEL_DIR,
        download_timeout_s=DEADLINE_S,
        download_allowed_hosts=(f"127.0.0.1:{odd_server.port}",),
    )
    with TestClient(create(settings), raise_server_exceptions=False) as client:
        yield client


def is_inside(address: IPv4Address | IPv6Address) -> bool:
    """Asks the standard library, and not the service's own table."""
    if isinstance(address, IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour or address.teredo
        return bool(embedded) or not address.is_global or address.is_multicast
    return not address.is_global or address.is_multicast


def tried_inside(network: Network, odd_server: OddServer) -> list[tuple[str, int]]:
    return [
        (host, port)
        for host, port in network.tried
        if (host, port) != ("127.0.0.1", odd_server.port) and is_inside(ip_address(host))
    ]


def post_url(service: httpx.Client, url: str) -> str:
    answer = post_image(service, url, MAX_SECONDS, image_type="url")
    if "error" not in answer:
        return ""
    code: str = answer["error"]["code"]
    if code == "NO_FACE_DETECTED":
        assert answer["error"]["details"] == DAMAGED
    return code


@given(st.one_of(URLS, WELL_FORMED))
def test_no_url_leads_inside(
    service: httpx.Client, network: Network, odd_server: OddServer, url: str
) -> None:
    network.tried.clear()
    assert post_url(service, url) == "DOWNLOAD_FAILED"
    assert tried_inside(network, odd_server) == []
    assert {port for _, port in network.tried} <= {80, 443}


def test_public_addresses_are_tried(service: httpx.Client, network: Network) -> None:
    # Else the test above could not fail.
    network.tried.clear()
    assert post_url(service, "https://8.8.8.8/a.jpg") == "DOWNLOAD_FAILED"
    assert network.tried == [("8.8.8.8", 443)]


PHOTO = FILES["JPEG"]
BODIES = st.one_of(
    st.sampled_from([PHOTO, gzip.compress(PHOTO), PHOTO[:2000], b"", gzip.compress(bytes(2**24))]),
    st.binary(max_size=50),
    st.binary(min_size=1, max_size=20).map(
        lambda chunk: b"%x\r\n%b\r\n0\r\n\r\n" % (len(chunk), chunk)
    ),
)
STATUS_LINES = st.one_of(
    st.sampled_from([200, 204, 206, 301, 302, 303, 304, 307, 308, 404, 500, 99, 1000]).map(
        lambda status: b"HTTP/1.1 %d X" % status
    ),
    st.sampled_from([b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/2 200 OK", b"HTTP/1.1 100 X"]),
    st.binary(max_size=20),
)
NAMES = st.sampled_from(
    [b"Content-Length", b"Content-Encoding", b"Transfer-Encoding", b"Location", b"X", b" ", b""]
)
VALUES = st.one_of(
    st.sampled_from([b"0", b"5", b"-1", b"99999999999", b"9" * 5000, b"1, 1", b"gzip", b"deflate"]),
    st.sampled_from([b"chunked", b"br", b"gzip, gzip", b"identity", b"/", b"http://[", b"\xff"]),
    WELL_FORMED.map(lambda url: url.encode("utf-8", "replace")),
    URLS.map(lambda url: url.encode("utf-8", "replace")),
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    headers = draw(st.lists(st.builds(b"%b: %b".__mod__, st.tuples(NAMES, VALUES)), max_size=4))
    return b"\r\n".join([draw(STATUS_LINES), *headers, b"", draw(BODIES)])


@given(answers(), st.integers(0, 9).map(lambda number: number == 9))
def test_no_answer_breaks_the_service_or_leads_inside(
    service: httpx.Client, network: Network, odd_server: OddServer, answer: bytes, stalls: bool
) -> None:
    odd_server.answer, odd_server.stalls = answer, stalls
    network.tried.clear()
    code = post_url(service, f"http://127.0.0.1:{odd_server.port}/")
    # A photo that ends early may have lost its face.
    assert code in ("", "DOWNLOAD_FAILED", "INVALID_IMAGE", "NO_FACE_DETECTED")
    assert tried_inside(network, odd_server) == []
