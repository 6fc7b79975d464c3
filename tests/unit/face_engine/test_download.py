"""Downloading, from hostile and kind servers that the tests run on loopback."""

import gzip
import logging
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from typing import Any, TypeAlias

import pytest
import trustme

from face_contract.errors import DownloadFailed
from face_engine.download import REFUSED, TOO_MANY_REDIRECTS, TOO_SLOW, Downloader, parse_url
from face_engine.network import TOO_LARGE, request_body
from tests.paths import subprocess_environment

PHOTO = b"\xff\xd8 photo " * 1000
LIMIT = 100_000
FAILED = DownloadFailed.message

Send: TypeAlias = Callable[[bytes], None]
Reply: TypeAlias = Callable[[str, Send], None]
Serve: TypeAlias = Callable[..., "Server"]


class Server(socketserver.ThreadingTCPServer):
    """Answers each connection with `reply`; tells who has come and what they asked for."""

    request_queue_size = 50

    def __init__(
        self, reply: Reply, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.reply, self.tls = reply, tls
        self.requests: list[str] = []
        self.connections = self.knocks = 0
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, 0), Handler, bind_and_activate=False)
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.server_bind()
        self.server_activate()
        self.port: int = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def verify_request(self, request: object, client_address: Any) -> bool:
        self.connections += 1
        return super().verify_request(request, client_address)  # type: ignore[arg-type]

    def count_strangers(self) -> int:
        """Knocks, and when that was answered tells how many others had come before."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as knock:
            knock.sendall(b"GET /knock HTTP/1.1\r\n\r\n")
            assert knock.recv(1)
        self.knocks += 1
        return self.connections - self.knocks


class Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(10)
        with suppress(OSError), ExitStack() as stack:
            if tls := self.server.tls:
                connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
            # Requests are short enough to come in one piece.
            if head := connection.recv(65536).decode():
                self.server.requests.append(head)
                self.server.reply(head.split()[1], connection.sendall)


@contextmanager
def running(reply: Reply, **options: Any) -> Iterator[Server]:
    with Server(reply, **options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers: with a reply of fixed bytes, or a function of the path."""
    with ExitStack() as stack:

        def start(reply: bytes | Reply = b"", **options: Any) -> Server:
            given = reply if callable(reply) else lambda _, send: send(reply)
            return stack.enter_context(running(given, **options))

        yield start


@pytest.fixture(scope="module")
def canary() -> Iterator[Server]:
    """Listens on every local address, IPv6 too where there is any."""
    host = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"
    with running(lambda _, send: send(answer(PHOTO)), host=host) as server:
        yield server


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    headers = {"Content_Length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode() + body


CHUNKED = answer(Content_Length="", Transfer_Encoding="chunked")


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(b"", status, Location=location)


def downloader(*allowed_hosts: str, **options: Any) -> Downloader:
    settings = {"timeout_s": 5, "max_bytes": LIMIT, **options}
    return Downloader(frozenset(allowed_hosts or {"127.0.0.1"}), **settings)


def failure(url: str, loader: Downloader | None = None) -> str:
    with pytest.raises(DownloadFailed) as caught:
        (loader or downloader()).download(url)
    return str(caught.value)


def test_a_photo_comes_as_it_is(serve: Serve) -> None:
    server = serve(answer(PHOTO))
    assert downloader().download(f"{server.url}/é%20b|c?q=ü#top") == PHOTO
    request = server.requests[0].splitlines()
    assert request[0] == "GET /%C3%A9%20b|c?q=%C3%BC HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in request


def deflate(body: bytes, wbits: int) -> bytes:
    stream = zlib.compressobj(wbits=wbits)
    return stream.compress(body) + stream.flush()


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": answer,
    "identity": lambda body: answer(body, Content_Encoding="identity"),
    "gzip": lambda body: answer(gzip.compress(body), Content_Encoding="gzip"),
    "old gzip": lambda body: answer(gzip.compress(body), Content_Encoding="X-GZIP"),
    "deflate": lambda body: answer(deflate(body, 15), Content_Encoding="Deflate"),
    "bare deflate": lambda body: answer(deflate(body, -15), Content_Encoding="deflate"),
    "chunked": lambda body: CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
    "until close": lambda body: answer(Content_Length="") + body,
    "more than announced": lambda body: answer(body + b"more", Content_Length=str(len(body))),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_limit_is_inclusive_in_every_form(serve: Serve, form: Callable[[bytes], bytes]) -> None:
    assert downloader().download(serve(form(bytes(LIMIT))).url) == bytes(LIMIT)
    assert failure(serve(form(bytes(LIMIT + 1))).url) == TOO_LARGE


BROKEN = {
    "closed at once": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "headers cut off": b"HTTP/1.1 200 OK\r\nContent-Le",
    "body cut off": answer(PHOTO, Content_Length=str(len(PHOTO) + 1)),
    "chunk cut off": CHUNKED + b"400\r\nabc",
    "chunk size": CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
    "two lengths": answer(PHOTO, Content_Length="5, 6"),
    "negative length": answer(PHOTO, Content_Length="-1"),
    "length of many digits": answer(PHOTO, Content_Length="1" * 5000),
    "unknown encoding": answer(PHOTO, Content_Encoding="br"),
    "two encodings": answer(gzip.compress(gzip.compress(PHOTO)), Content_Encoding="gzip, gzip"),
    "not gzip": answer(PHOTO, Content_Encoding="gzip"),
    "gzip cut off": answer(gzip.compress(PHOTO)[:-9], Content_Encoding="gzip"),
    "empty": answer(),
    "empty gzip": answer(gzip.compress(b""), Content_Encoding="gzip"),
    "no content": answer(status="204 No Content", Content_Length=""),
    "switching protocols": answer(PHOTO, "101 Switching Protocols", Upgrade="h2c"),
    **{
        status: answer(PHOTO, status)
        for status in ("300 Choose", "304 Same", "403 No", "404 Gone", "500 Broken", "999 What")
    },
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_all_that_is_broken_fails_alike(serve: Serve, reply: bytes) -> None:
    assert failure(serve(reply).url) == FAILED


def test_a_closed_port_fails_like_a_broken_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert failure(f"http://127.0.0.1:{port}/") == FAILED


def test_a_length_over_the_limit_is_enough(serve: Serve) -> None:
    assert failure(serve(answer(Content_Length=str(LIMIT + 1))).url) == TOO_LARGE


@pytest.mark.parametrize(
    ("head", "again", "limit", "reason"),
    [
        (answer(Content_Length=""), bytes(65536), LIMIT, TOO_LARGE),
        (CHUNKED, b"1\r\nx\r\n" * 999, 1 << 30, TOO_SLOW),
        (b"HTTP/1.1 200 OK\r\n", b"X-Padding: %b\r\n" % (b"x" * 1000), LIMIT, FAILED),
        (b"", b"x" * 65536, LIMIT, FAILED),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99, LIMIT, TOO_SLOW),
    ],
    ids=["body", "tiny chunks", "headers", "status line", "informational answers"],
)
def test_an_endless_answer_is_left(
    serve: Serve, head: bytes, again: bytes, limit: int, reason: str
) -> None:
    def reply(_: str, send: Send) -> None:
        send(head)
        while True:
            send(again)

    began = time.monotonic()
    assert failure(serve(reply).url, downloader(timeout_s=1, max_bytes=limit)) == reason
    assert time.monotonic() - began < 2


def test_a_bomb_does_not_unfold(serve: Serve) -> None:
    bomb = deflate(bytes(90 << 20), 31)
    assert len(bomb) <= LIMIT
    server = serve(answer(bomb, Content_Encoding="gzip"))
    tracemalloc.start()
    try:
        assert failure(server.url) == TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 40 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(serve: Serve, status: int) -> None:
    replies = {"/a/b": redirect("../c?d", f"{status} Elsewhere"), "/c?d": answer(PHOTO)}
    server = serve(lambda path, send: send(replies[path]))
    assert downloader().download(f"{server.url}/a/b") == PHOTO


@pytest.mark.parametrize(("redirects", "is_followed"), [(3, True), (4, False), (99, False)])
def test_three_redirects_are_followed(serve: Serve, redirects: int, is_followed: bool) -> None:
    def reply(path: str, send: Send) -> None:
        left = int(path[1:])
        send(redirect(f"/{left - 1}") if left else answer(PHOTO))

    server = serve(reply)
    if is_followed:
        assert downloader().download(f"{server.url}/{redirects}") == PHOTO
    else:
        assert failure(f"{server.url}/{redirects}") == TOO_MANY_REDIRECTS
    # Each over a connection of its own.
    assert server.connections == len(server.requests) == 4


LOCATIONS = """
http://127.0.0.1:{port}/ //127.1:{port}/ http://localhost:{port}/ http://[::1]:{port}/
http://169.254.169.254/latest/meta-data/ http://[fd00:ec2::254]/ http://user@127.0.0.1:{port}/
file:///etc/passwd ftp://127.0.0.1:{port}/ gopher://127.0.0.1:{port}/_GET data:,photo
http://[::1 http://127.0.0.1:99999/ \\\\127.0.0.1:{port}\\
"""


@pytest.mark.parametrize("location", ["", *LOCATIONS.split()])
def test_redirects_are_checked_too(serve: Serve, canary: Server, location: str) -> None:
    server = serve(redirect(location.format(port=canary.port)))
    before = canary.count_strangers()
    loader = downloader(f"127.0.0.1:{server.port}", ports=frozenset({80, canary.port}))
    assert failure(server.url, loader) == REFUSED
    assert canary.count_strangers() == before


def drip(head: bytes, text: bytes) -> Reply:
    def reply(_: str, send: Send) -> None:
        send(head)
        for i in range(len(text)):
            send(text[i : i + 1])
            time.sleep(0.02)

    return reply


def redirect_late(_: str, send: Send) -> None:
    time.sleep(0.2)
    send(redirect("/"))


SLOW: dict[str, Reply] = {
    "status line": drip(b"", answer(PHOTO)),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 99),
    "body": drip(answer(Content_Length="999"), PHOTO),
    "redirects": redirect_late,
    "silence": lambda *_: time.sleep(1),
}


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_one_deadline_holds_for_everything(serve: Serve, reply: Reply) -> None:
    assert_ends_in_time(serve(reply).url)


def assert_ends_in_time(url: str, **options: Any) -> None:
    began = time.monotonic()
    assert failure(url, downloader(timeout_s=0.5, **options)) == TOO_SLOW
    assert 0.4 < time.monotonic() - began < 1.5


def test_the_deadline_holds_while_shaking_hands() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert_ends_in_time(f"https://127.0.0.1:{silent.getsockname()[1]}/")


def test_the_deadline_holds_while_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as stack:
        # Linux drops what comes when the backlog is full.
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        assert_ends_in_time(f"http://127.0.0.1:{deaf.getsockname()[1]}/")


def test_the_deadline_holds_while_a_name_hangs() -> None:
    released = threading.Event()
    try:
        assert_ends_in_time("http://photos.test/", resolve=lambda _: [str(released.wait(10))])
    finally:
        released.set()


def test_the_deadline_holds_between_connecting_and_shaking_hands(serve: Serve) -> None:
    left = [1.0]

    def remaining_s() -> float:
        if not left:
            raise DownloadFailed(TOO_SLOW)
        return left.pop()

    target = parse_url(serve().url.replace("http:", "https:"))
    trust = ssl.create_default_context()
    # A connection that stays open is a warning, and so an error.
    with pytest.raises(DownloadFailed, match=TOO_SLOW):
        request_body(target, [ip_address("127.0.0.1")], trust, LIMIT, remaining_s)


# This machine in every spelling that some reader understands; metadata services, and what is
# private, linked, shared or reserved; two hosts at once, or none.
HOSTS = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0X7F.0.0.1 0177.0.0.1 017700000001
127.255.255.254 0 0.0.0.0 localhost LocalHost 127.0.0.1. localhost. .localhost ⓛⓞⓒⓐⓛⓗⓞⓢⓣ
①②⑦.⓪.⓪.① １２７.0.0.1 127。0。0。1 %31%32%37.0.0.1 127.0.0.1%00.example.com
[::1] [0:0:0:0:0:0:0:1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1]
[::ffff:0:7f00:1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::1]
[::1%lo] [::1%25lo] [fe80::1%25lo] [127.0.0.1] [v1.7f000001] ::1

169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 [fd00:ec2::254] [::ffff:a9fe:a9fe]
[64:ff9b::a9fe:a9fe] 100.100.100.200 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 192.0.0.1
198.18.0.1 224.0.0.1 255.255.255.255 [fe80::1] [fec0::1] [fd00::1] [ff02::1] [100::1] [5f00::1]

user@127.0.0.1 @127.0.0.1 127.0.0.1:80@127.0.0.1 a.test\\@127.0.0.1 127.0.0.1#@a.test
127.0.0.1?@a.test a..test
"""
BLANK_HOSTS = ["", "127.1\t", " 127.0.0.1", "127.0.0.1\r\nX: y", "127.1\u200b", "127.1\ud800"]


@pytest.mark.parametrize("host", [*HOSTS.split(), *BLANK_HOSTS, "a" * 64, socket.gethostname()])
def test_no_spelling_of_a_host_leads_inside(canary: Server, host: str) -> None:
    before = canary.count_strangers()
    loader = downloader("photos.test", ports=frozenset({80, 443, canary.port}))
    for url in (f"http://{host}:{canary.port}/", f"http://{host}/", f"https://{host}/"):
        assert failure(url, loader) == REFUSED
    assert canary.count_strangers() == before


URLS = """
photo.jpg //127.0.0.1/ http: http:127.0.0.1 http:///127.0.0.1 https//127.0.0.1 http://[::1
file:///etc/passwd ftp://127.0.0.1/ unix:/run/docker.sock javascript:alert(1)
http://127.0.0.1:0/ http://127.0.0.1:65536/ http://127.0.0.1:-1/ http://127.0.0.1:8O/
http://127.0.0.1/\\
"""
ODD_PATHS = ["a b", "\n", "\x00", "\ud800", "x" * 8192]


@pytest.mark.parametrize("url", ["", *URLS.split(), *(f"http://127.0.0.1/{p}" for p in ODD_PATHS)])
def test_not_a_url_even_where_the_host_is_allowed(url: str) -> None:
    assert failure(url) == REFUSED


@pytest.mark.parametrize("port", [22, 81, 8080, 65535])
def test_odd_ports_are_not_even_looked_up(port: int) -> None:
    loader = downloader(f"photos.test:{port + 1}", resolve=lambda _: pytest.fail("asked"))
    assert failure(f"http://photos.test:{port}/", loader) == REFUSED


@pytest.mark.parametrize(
    "addresses",
    ["", "nonsense", "fe80::1%lo", "8.8.8.8 ::1", "127.0.0.1 8.8.8.8", "8.8.8.8 2600::1 10.0.0.1"],
)
def test_one_address_that_is_not_public_is_enough(canary: Server, addresses: str) -> None:
    before = canary.count_strangers()
    ports = frozenset({canary.port})
    loader = downloader("x.test", ports=ports, resolve=lambda _: addresses.split())
    assert failure(f"http://photos.test:{canary.port}/", loader) == REFUSED
    assert canary.count_strangers() == before


def test_a_name_is_looked_up_once_for_each_hop(serve: Serve) -> None:
    server = serve(lambda path, send: send(redirect("/photo") if path == "/" else answer(PHOTO)))
    # The second address has no server; a third lookup fails the test.
    lookups = iter([["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]])
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return next(lookups)

    loader = downloader("photos.test", resolve=resolve)
    assert loader.download(f"http://Photos.TEST:{server.port}/") == PHOTO
    assert asked == ["photos.test", "photos.test"]
    assert f"Host: photos.test:{server.port}" in server.requests[1].splitlines()


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:{port}", "LOCALHOST", "[::1]:{port}"])
def test_allowed_hosts_are_allowed_as_they_are_spelt(canary: Server, allowed: str) -> None:
    entry = allowed.format(port=canary.port)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        url = f"http://{host}:{canary.port}/"
        if entry.lower() not in (host, f"{host}:{canary.port}"):
            assert failure(url, downloader(entry, ports=frozenset({canary.port}))) == REFUSED
        elif host != "[::1]" or canary.address_family == socket.AF_INET6:
            assert downloader(entry).download(url) == PHOTO
            assert f"\r\nHost: {host}:{canary.port}\r\n" in canary.requests[-1]
    assert failure("http://127.0.0.1:1/", downloader(f"127.0.0.1:{canary.port}")) == REFUSED


def test_no_proxy_is_used(serve: Serve, canary: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    before = canary.count_strangers()
    assert downloader().download(serve(answer(PHOTO)).url) == PHOTO
    assert canary.count_strangers() == before


@pytest.mark.parametrize("trusted", ["the issuer", "another", "the system's"])
@pytest.mark.parametrize("name", ["photos.test", "other.test"])
def test_tls_is_for_the_name_in_the_url(serve: Serve, name: str, trusted: str) -> None:
    issuer, trust = trustme.CA(), ssl.create_default_context()
    (issuer if trusted == "the issuer" else trustme.CA()).configure_trust(trust)
    tls, told = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    issuer.issue_cert(name).configure_cert(tls)
    tls.sni_callback = lambda _, server_name, __: told.append(server_name)
    server = serve(answer(PHOTO), tls=tls)
    context = None if trusted == "the system's" else trust
    loader = downloader("photos.test", resolve=lambda _: ["127.0.0.1"], ssl_context=context)
    url = f"https://photos.test:{server.port}/"
    if (name, trusted) == ("photos.test", "the issuer"):
        assert loader.download(url) == PHOTO
        assert f"Host: photos.test:{server.port}" in server.requests[0].splitlines()
    else:
        assert failure(url, loader) == FAILED
        assert not server.requests
    assert told == ["photos.test"]


def test_threads_share_a_downloader(serve: Serve) -> None:
    server = serve(lambda path, send: send(answer(path.encode())))
    loader, paths = downloader(), [f"/{i}" for i in range(50)]
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda path: loader.download(server.url + path), paths))
    assert bodies == [path.encode() for path in paths]


def test_urls_are_not_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    replies = {"/?secret": redirect("/?hidden"), "/?hidden": answer(PHOTO)}
    server = serve(lambda path, send: send(replies[path]))
    assert downloader().download(f"{server.url}/?secret") == PHOTO
    assert not caplog.records


def test_the_http_library_is_loaded_by_the_first_download() -> None:
    program = "import sys, face_engine.download; sys.exit('httpcore2' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], env=subprocess_environment(), check=True)
