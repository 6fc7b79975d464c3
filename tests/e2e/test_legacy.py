"""Paths that this API does not have go to the old service: a real one behind the local server."""

import gzip
import hashlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import anyio
import httpx2 as httpx
import pytest
import trustme
from starlette.types import Receive, Scope, Send

from face_contract.errors import MethodNotAllowed, NotFound, ServiceError
from tests.support.envelope import assert_error
from tests.support.paths import subprocess_environment
from tools.api_gateway import serve
from tools.lambda_pool import free_port
from tools.local_server import LocalServer
from tools.loopback_server import http_response, running

CLIP = "/api/v1/clip/embed"
PREFIX = "/old"
MEGABYTE = 1_000_000
PART = bytes(range(256)) * 256
PARTS = 3000
BUDGET_S = 2
Header: TypeAlias = tuple[bytes, bytes]
# Status, body and a header by the last part of the path.
FIXED: dict[str, Any] = {
    "gzip": (200, gzip.compress(b"old" * 1000), (b"content-encoding", b"gzip")),
    "redirect": (307, b"", (b"location", b"http://169.254.169.254/")),
    "nothing": (204, None),
    "unchanged": (304, None, (b"etag", b'"x"')),
}


@dataclass
class OldService:
    """What the old service has seen, and what it does at some paths."""

    scopes: list[Scope] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    sent_bytes: int = 0
    left: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.scopes.append(scope)
        name = scope["path"].rpartition("/")[2]
        await self._ANSWERS.get(name, OldService._answer)(self, name, receive, send)

    async def _answer(self, name: str, _receive: Receive, send: Send) -> None:
        await answer(send, *FIXED.get(name, (404, b'{"detail":"Not Found"}')))

    async def _reverse(self, _name: str, receive: Receive, send: Send) -> None:
        self.bodies.append(b"".join([part async for part in self._body(receive)]))
        await answer(send, 207, self.bodies[-1][::-1], (b"x-old", b"a"), (b"x-old", b"b"))

    async def _sum(self, _name: str, receive: Receive, send: Send) -> None:
        digest = hashlib.sha256()
        async for part in self._body(receive):
            digest.update(part)
        await answer(send, 200, digest.hexdigest().encode())

    async def _send_parts(self, _name: str, _receive: Receive, send: Send) -> None:
        await begin(send)
        for _ in range(PARTS):
            await send({"type": "http.response.body", "body": PART, "more_body": True})
        await send({"type": "http.response.body"})

    async def _body(self, receive: Receive) -> AsyncIterator[bytes]:
        has_more = True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            yield message["body"]
            has_more = message["more_body"]

    async def _send_for_ever(self, _name: str, receive: Receive, send: Send) -> None:
        await begin(send)
        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                self.left.set()
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            while True:
                await send({"type": "http.response.body", "body": PART, "more_body": True})
                self.sent_bytes += len(PART)
                await anyio.sleep(0)

    async def _wait_until_left(self, _name: str, receive: Receive, _send: Send) -> None:
        async for _ in self._body(receive):
            pass
        if (await receive())["type"] == "http.disconnect":
            self.left.set()

    _ANSWERS: ClassVar = {
        "embed": _reverse,
        "sum": _sum,
        "parts": _send_parts,
        "endless": _send_for_ever,
        "slow": _wait_until_left,
    }


async def begin(send: Send, status: int = 200, headers: Sequence[Header] = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def answer(send: Send, status: int, body: bytes | None, *headers: Header) -> None:
    length = [] if body is None else [(b"content-length", str(len(body)).encode())]
    await begin(send, status, [*headers, *length])
    await send({"type": "http.response.body", "body": body or b""})


@pytest.fixture(scope="module")
def old() -> OldService:
    return OldService()


@pytest.fixture(scope="module")
def server(old: OldService) -> Iterator[LocalServer]:
    with serve(old) as address, local_server(address + PREFIX) as server:
        yield server


@contextmanager
def local_server(legacy_url: str, **variables: str) -> Iterator[LocalServer]:
    server = LocalServer(
        subprocess_environment(
            LEGACY_URL=legacy_url, REQUEST_BUDGET_S=str(BUDGET_S), LOG_LEVEL="DEBUG", **variables
        )
    )
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@contextmanager
def connected(server: LocalServer) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    yield connection
    connection.close()


def seen(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
def test_a_request_and_its_answer_are_passed_unchanged(
    server: LocalServer, old: OldService, method: str
) -> None:
    body = bytes(range(256))
    target = f"{CLIP}?a=1&a=%20b&%C3%A4=x+y&c"
    headers = {
        "Content-Type": "application/x-old",
        "Accept-Encoding": "br",
        "x-api-key": "key",
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "POST",
    }
    with connected(server) as connection:
        connection.request(method, target, body, headers)
        reply = connection.getresponse()
        content = reply.read()
    scope = old.scopes[-1]
    assert (scope["method"], scope["raw_path"]) == (method, f"{PREFIX}{CLIP}".encode())
    assert scope["query_string"] == b"a=1&a=%20b&%C3%A4=x+y&c"
    assert old.bodies[-1] == body
    for name, value in headers.items():
        assert seen(scope, name.lower().encode()) == [value.encode()]
    assert seen(scope, b"content-length") == [b"256"]
    assert (reply.status, content) == (207, body[::-1])
    assert reply.headers.get_all("x-old") == ["a", "b"]
    assert len(reply.headers.get_all("date", [])) == len(reply.headers.get_all("server", [])) == 1
    assert "access-control-allow-origin" not in reply.headers


def test_the_old_service_learns_who_asked_and_by_what_name(
    server: LocalServer, old: OldService
) -> None:
    httpx.get(f"{server.address}{CLIP}", headers={"X-Forwarded-Host": "evil", "Host": "faces"})
    scope = old.scopes[-1]
    host = f"127.0.0.1:{scope['server'][1]}".encode()
    assert seen(scope, b"host") == [host]
    assert seen(scope, b"x-forwarded-host") == [b"faces"]
    assert seen(scope, b"x-forwarded-for") == [b"127.0.0.1"]
    assert seen(scope, b"x-forwarded-proto") == [b"http"]
    assert seen(scope, b"via") == [b"1.1 face-embeddings"]


def test_the_old_service_is_not_told_what_a_client_claims_to_be(
    server: LocalServer, old: OldService
) -> None:
    claimed = [
        (b"X-Forwarded-For", "\xe9, 1.2.3.4".encode("latin-1")),
        (b"X-Forwarded-Proto", b"wss"),
    ]
    assert httpx.get(f"{server.address}{CLIP}", headers=claimed).status_code == 207
    scope = old.scopes[-1]
    assert seen(scope, b"x-forwarded-for") == [b"\xe9, 1.2.3.4, 127.0.0.1"]
    assert seen(scope, b"x-forwarded-proto") == [b"http"]


def test_only_this_proxy_itself_is_a_loop(server: LocalServer, old: OldService) -> None:
    for via, is_loop in {
        "1.1 gw.face-embeddings.example": False,
        "1.0 a (b), 1.1 face-embeddings": True,
    }.items():
        count = len(old.scopes)
        httpx.get(f"{server.address}{CLIP}", headers={"Via": via})
        assert len(old.scopes) == count + (not is_loop)


def test_what_is_for_one_connection_only_stays_on_it(server: LocalServer, old: OldService) -> None:
    hop = {"TE": "trailers", "Keep-Alive": "timeout=9", "Proxy-Authorization": "x", "X-Hop": "x"}
    connection = {"Connection": "X-Hop, content-length", "Upgrade": "h2c"}
    httpx.post(f"{server.address}{CLIP}", content=b"abc", headers={**hop, **connection})
    for name in {*hop, "Upgrade"}:
        assert seen(old.scopes[-1], name.lower().encode()) == []
    assert old.bodies[-1] == b"abc"
    assert seen(old.scopes[-1], b"content-length") == [b"3"]

    def reply(_path: str, send: Any) -> None:
        send(http_response(b"old", Connection="close, X-Hop", X_Hop="x", X_End="y", Upgrade="h2c"))

    with running(reply) as upstream, local_server(upstream.url) as other:
        headers = httpx.get(f"{other.address}{CLIP}").headers
    assert headers["x-end"] == "y"
    assert not {"x-hop", "upgrade"} & set(headers)
    assert headers["keep-alive"] == "timeout=75"


def test_a_body_is_declared_as_it_came(server: LocalServer, old: OldService) -> None:
    chunks = b"3\r\nabc\r\n0\r\n\r\n"
    for method, headers, sent, declared in (
        ("GET", "", b"", []),
        ("POST", "Content-Length: 0\r\n", b"", [(b"content-length", b"0")]),
        ("POST", "Transfer-Encoding: chunked\r\n", chunks, [(b"transfer-encoding", b"chunked")]),
        # Two lengths that differ are how requests are smuggled: only the one that counts goes on.
        (
            "POST",
            "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n",
            chunks,
            [(b"transfer-encoding", b"chunked")],
        ),
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            head = f"{method} {CLIP} HTTP/1.1\r\nHost: x\r\n{headers}\r\n"
            connection.sendall(head.encode() + sent)
            reply = http.client.HTTPResponse(connection)
            reply.begin()
            assert (reply.status, reply.read()) == (207, b"cba" if sent else b"")
        names = (b"content-length", b"transfer-encoding")
        assert [header for header in old.scopes[-1]["headers"] if header[0] in names] == declared


def test_large_bodies_are_streamed_both_ways_in_little_memory(
    server: LocalServer, old: OldService
) -> None:
    httpx.get(f"{server.address}/api/v1/health")
    before_mb = server.resident_mb()
    server.peak_mb()
    expected = hashlib.sha256()
    for _ in range(PARTS):
        expected.update(PART)
    # Without a length, so in chunks, and larger than MAX_BODY_BYTES.
    parts = (PART for _ in range(PARTS))
    reply = httpx.post(f"{server.address}/sum", content=parts, timeout=60)
    assert reply.text == expected.hexdigest()
    assert seen(old.scopes[-1], b"transfer-encoding") == [b"chunked"]
    digest = hashlib.sha256()
    with httpx.stream("GET", f"{server.address}/parts", timeout=60) as download:
        for part in download.iter_bytes():
            digest.update(part)
    assert digest.hexdigest() == expected.hexdigest()
    assert server.peak_mb() - before_mb < PARTS * len(PART) / MEGABYTE / 10


def test_a_client_that_reads_slowly_slows_the_old_service(
    server: LocalServer, old: OldService
) -> None:
    old.left.clear()
    old.sent_bytes = 0
    with connected(server) as connection:
        connection.request("GET", "/endless")
        reply = connection.getresponse()
        assert reply.read(10) == PART[:10]
        deadline, sent_bytes = time.monotonic() + 20, -1
        while old.sent_bytes != sent_bytes and time.monotonic() < deadline:
            sent_bytes = old.sent_bytes
            time.sleep(0.5)
        # What fits into the buffers of four sockets, and no more.
        assert old.sent_bytes == sent_bytes < 40 * MEGABYTE
        reply.close()
    # The client has left: then the old service is left, too.
    assert old.left.wait(10)


def test_a_client_that_leaves_while_it_waits_or_sends_frees_the_old_service(
    server: LocalServer, old: OldService
) -> None:
    requests = (
        b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000,
    )
    for request in requests:
        old.left.clear()
        count = len(old.scopes)
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request)
            while len(old.scopes) == count:
                time.sleep(0.01)
        # Well before the old service would be given up.
        assert old.left.wait(BUDGET_S / 2)


def test_compressed_answers_are_not_touched(server: LocalServer) -> None:
    with connected(server) as connection:
        connection.request("GET", "/gzip", headers={"Accept-Encoding": "gzip"})
        reply = connection.getresponse()
        content = reply.read()
    assert reply.headers["content-encoding"] == "gzip"
    assert int(reply.headers["content-length"]) == len(content)
    assert gzip.decompress(content) == b"old" * 1000


def test_answers_without_a_body(server: LocalServer) -> None:
    with connected(server) as connection:
        for method, path, status in (
            ("HEAD", "/gzip", 200),
            ("GET", "/nothing", 204),
            ("GET", "/unchanged", 304),
            ("GET", "/else", 404),
        ):
            # On one connection: a wrong length would spoil the next answer.
            connection.request(method, path)
            reply = connection.getresponse()
            content = reply.read()
            assert reply.status == status
            assert content == (b'{"detail":"Not Found"}' if status == 404 else b"")


def test_redirects_are_the_clients_to_follow(server: LocalServer, old: OldService) -> None:
    count = len(old.scopes)
    reply = httpx.get(f"{server.address}/redirect")
    assert (reply.status_code, reply.headers["location"]) == (307, "http://169.254.169.254/")
    assert len(old.scopes) == count + 1


@pytest.mark.parametrize(
    ("method", "target", "error"),
    [
        ("GET", "/api/v1/extract-embedding", MethodNotAllowed),
        ("DELETE", "/api/v1/health", MethodNotAllowed),
        ("POST", "http://old.example/api/v1/%68ealth", MethodNotAllowed),
        ("GET", "/api/v1/../clip", NotFound),
        ("GET", "/../admin", NotFound),
        ("GET", "/a/%2e%2E/admin", NotFound),
        ("GET", "/a%2f..%2Fadmin", NotFound),
        ("GET", "/a\\..\\admin", NotFound),
        ("GET", "/.", NotFound),
        ("OPTIONS", "*", NotFound),
        ("GET", "ftp://old.example/x", NotFound),
        ("CONNECT", "old.example:443", NotFound),
        ("CONNECT", "/x", NotFound),
    ],
)
def test_our_paths_and_tricks_never_reach_the_old_service(
    server: LocalServer, old: OldService, method: str, target: str, error: type[ServiceError]
) -> None:
    count = len(old.scopes)
    reply, content = talk(server, method, target)
    assert reply.status == error.status
    assert json.loads(content)["error"]["code"] == error.code
    assert len(old.scopes) == count


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://169.254.169.254/latest", "/old/latest"),
        ("//169.254.169.254/latest", "/old//169.254.169.254/latest"),
        ("/@169.254.169.254/", "/old/@169.254.169.254/"),
        ("/http://169.254.169.254/", "/old/http://169.254.169.254/"),
        ("/a%2Fb%252e%252e", "/old/a%2Fb%252e%252e"),
    ],
)
def test_no_target_leads_to_another_server(
    server: LocalServer, old: OldService, target: str, path: str
) -> None:
    reply, _ = talk(server, "GET", target)
    assert reply.status == 404
    assert old.scopes[-1]["raw_path"] == path.encode()


def talk(server: LocalServer, method: str, target: str) -> tuple[http.client.HTTPResponse, bytes]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        reply = http.client.HTTPResponse(connection, method=method)
        reply.begin()
        return reply, reply.read()


# What an old service may do wrong, and the error that the client gets.
FAULTS = {
    "/closes": (b"", 502, "BAD_GATEWAY"),
    "/garbage": (b"nonsense\r\n\r\n", 502, "BAD_GATEWAY"),
    "/half-a-head": (b"HTTP/1.1 200 OK\r\nContent-Le", 502, "BAD_GATEWAY"),
    "/odd-status": (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 502, "BAD_GATEWAY"),
    "/hangs": (None, 504, "TIMEOUT"),
}
CANARY = "c4n4ry"


def reply_wrongly(path: str, send: Any) -> None:
    path = path.partition("?")[0]
    if path == "/breaks":
        send(http_response(b"half", Content_Length="1000"))
    elif path == "/breaks-in-chunks":
        send(http_response(b"4\r\nhalf\r\n", Content_Length="", Transfer_Encoding="chunked"))
    elif (content := FAULTS[path][0]) is None:
        time.sleep(BUDGET_S * 1.5)
    else:
        send(content)


def test_failures_of_the_old_service_are_errors_in_the_envelope() -> None:
    with running(reply_wrongly) as upstream, local_server(upstream.url) as server:
        for path, (_, status, code) in FAULTS.items():
            start = time.monotonic()
            answered = httpx.post(
                f"{server.address}{path}?{CANARY}",
                content=CANARY,
                headers={"Origin": "https://vara.example"},
                timeout=20,
            )
            assert_error(answered, status, code)
            # Otherwise a browser could not read it.
            assert answered.headers["access-control-allow-origin"] == "*"
            assert time.monotonic() - start < BUDGET_S + 1
            # Ours goes on meanwhile.
            assert httpx.get(f"{server.address}/api/v1/health").status_code == 200
        for path in ("/breaks", "/breaks-in-chunks"):
            with pytest.raises(httpx.RemoteProtocolError):
                httpx.get(f"{server.address}{path}?{CANARY}")
        log = server.stop()
    assert "the old service failed: " in log
    assert "Traceback" not in log
    assert CANARY not in log


def test_tls_is_verified(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))

    def reply(_path: str, send: Any) -> None:
        send(http_response(b"old"))

    with running(reply, tls=context) as upstream:
        url = f"https://localhost:{upstream.port}"
        with local_server(url, SSL_CERT_FILE=str(trusted)) as server:
            assert httpx.get(f"{server.address}{CLIP}").text == "old"
        with local_server(url, SSL_CERT_FILE=str(tmp_path / "other.pem")) as server:
            assert_error(httpx.get(f"{server.address}{CLIP}"), 502, "BAD_GATEWAY")
    assert len(upstream.requests) == 1


def test_an_old_service_that_is_down_is_a_bad_gateway() -> None:
    with local_server(f"http://127.0.0.1:{free_port()}") as server:
        assert_error(httpx.post(f"{server.address}{CLIP}", content=b"x"), 502, "BAD_GATEWAY")
        assert_error(
            httpx.get(f"{server.address}/api/v1/extract-embedding"), 405, "METHOD_NOT_ALLOWED"
        )


def test_a_server_that_is_its_own_old_service_does_not_go_round_for_ever(
    server: LocalServer, old: OldService
) -> None:
    with local_server(server.address) as in_front:
        count = len(old.scopes)
        assert_error(httpx.get(f"{in_front.address}{CLIP}"), 502, "BAD_GATEWAY")
        assert len(old.scopes) == count
