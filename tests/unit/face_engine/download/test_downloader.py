"""Downloading, from hostile and kind servers that the tests run on loopback."""

import gzip
import itertools
import logging
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Any

import pytest
import trustme

from face_contract.errors import DownloadFailed
from face_engine.download.content_coding import TOO_LARGE
from face_engine.download.downloader import TOO_MANY_REDIRECTS
from face_engine.download.http_exchange import request_body
from face_engine.download.resolving import MAX_LOOKUPS, TOO_SLOW
from face_engine.download.url import REFUSED, parse_url
from tests.support.downloads import (
    CHUNKED,
    FAILED,
    LIMIT,
    PHOTO,
    Serve,
    count_strangers,
    deflate,
    downloader,
    failure,
)
from tests.support.paths import subprocess_environment
from tools.loopback_server import Reply, Send, Server, http_response, redirect


def test_a_photo_comes_as_it_is(serve: Serve) -> None:
    server = serve(http_response(PHOTO))
    assert downloader().download(f"{server.url}/é%20b|c?q=ü#top") == PHOTO
    request = server.requests[0].splitlines()
    assert request[0] == "GET /%C3%A9%20b|c?q=%C3%BC HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in request


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": http_response,
    "identity": lambda body: http_response(body, Content_Encoding="identity"),
    "gzip": lambda body: http_response(gzip.compress(body), Content_Encoding="gzip"),
    "old gzip": lambda body: http_response(gzip.compress(body), Content_Encoding="X-GZIP"),
    "deflate": lambda body: http_response(deflate(body, 15), Content_Encoding="Deflate"),
    "bare deflate": lambda body: http_response(deflate(body, -15), Content_Encoding="deflate"),
    "chunked": lambda body: CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
    "until close": lambda body: http_response(Content_Length="") + body,
    "more than announced": lambda body: http_response(
        body + b"more", Content_Length=str(len(body))
    ),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_limit_is_inclusive_in_every_form(serve: Serve, form: Callable[[bytes], bytes]) -> None:
    assert downloader().download(serve(form(bytes(LIMIT))).url) == bytes(LIMIT)
    assert failure(serve(form(bytes(LIMIT + 1))).url) == TOO_LARGE


BROKEN = {
    "closed at once": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "headers cut off": b"HTTP/1.1 200 OK\r\nContent-Le",
    "body cut off": http_response(PHOTO, Content_Length=str(len(PHOTO) + 1)),
    "chunk cut off": CHUNKED + b"400\r\nabc",
    "chunk size": CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
    "two lengths": http_response(PHOTO, Content_Length="5, 6"),
    "negative length": http_response(PHOTO, Content_Length="-1"),
    "length of many digits": http_response(PHOTO, Content_Length="1" * 5000),
    "not gzip": http_response(PHOTO, Content_Encoding="gzip"),
    "gzip cut off": http_response(gzip.compress(PHOTO)[:-9], Content_Encoding="gzip"),
    "empty": http_response(),
    "empty gzip": http_response(gzip.compress(b""), Content_Encoding="gzip"),
    "no content": http_response(status="204 No Content", Content_Length=""),
    "switching protocols": http_response(PHOTO, "101 Switching Protocols", Upgrade="h2c"),
    **{
        status: http_response(PHOTO, status)
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
    assert failure(serve(http_response(Content_Length=str(LIMIT + 1))).url) == TOO_LARGE


@pytest.mark.parametrize(
    ("head", "again", "limit", "reason"),
    [
        (http_response(Content_Length=""), bytes(65536), LIMIT, TOO_LARGE),
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
    server = serve(http_response(bomb, Content_Encoding="gzip"))
    tracemalloc.start()
    try:
        assert failure(server.url) == TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 40 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(serve: Serve, status: int) -> None:
    replies = {"/a/b": redirect("../c?d", f"{status} Elsewhere"), "/c?d": http_response(PHOTO)}
    server = serve(lambda path, send: send(replies[path]))
    assert downloader().download(f"{server.url}/a/b") == PHOTO


@pytest.mark.parametrize(("redirects", "is_followed"), [(3, True), (4, False), (99, False)])
def test_three_redirects_are_followed(serve: Serve, redirects: int, is_followed: bool) -> None:
    def reply(path: str, send: Send) -> None:
        left = int(path[1:])
        send(redirect(f"/{left - 1}") if left else http_response(PHOTO))

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
http://169.254.170.2/v2/credentials http://127.0.0.1:9001/2018-06-01/runtime/invocation/next
http://2130706433:{port}/ http://0x7f.1:{port}/ http://0:{port}/ http://[::ffff:127.0.0.1]:{port}/
http://10.0.0.1/ http://172.16.0.1/ http://192.168.0.1/ http://100.64.0.1/ http://[fe80::1]/
http://[64:ff9b::7f00:1]:{port}/ http://[2002:7f00:1::]:{port}/ http://localhost.:{port}/
http://１２７.0.0.1:{port}/
file:///etc/passwd ftp://127.0.0.1:{port}/ gopher://127.0.0.1:{port}/_GET data:,photo
http://[::1 http://127.0.0.1:99999/ \\\\127.0.0.1:{port}\\
"""


@pytest.mark.parametrize("location", ["", *LOCATIONS.split()])
def test_redirects_are_checked_too(serve: Serve, canary: Server, location: str) -> None:
    server = serve(redirect(location.format(port=canary.port)))
    before = count_strangers(canary)
    loader = downloader(f"127.0.0.1:{server.port}", ports=frozenset({80, canary.port}))
    assert failure(server.url, loader) == REFUSED
    assert count_strangers(canary) == before


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
    "status line": drip(b"", http_response(PHOTO)),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 99),
    "body": drip(http_response(Content_Length="999"), PHOTO),
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
    before = count_strangers(canary)
    loader = downloader("photos.test", ports=frozenset({80, 443, canary.port}))
    for url in (f"http://{host}:{canary.port}/", f"http://{host}/", f"https://{host}/"):
        assert failure(url, loader) == REFUSED
    assert count_strangers(canary) == before


URLS = """
photo.jpg //127.0.0.1/ http: http:127.0.0.1 http:///127.0.0.1 https//127.0.0.1 http://[::1
file:///etc/passwd ftp://127.0.0.1/ unix:/run/docker.sock javascript:alert(1)
http://127.0.0.1:0/ http://127.0.0.1:65536/ http://127.0.0.1:-1/ http://127.0.0.1:8O/
http://127.0.0.1/\\
"""
ODD_PATHS = ["a\nb", "a\tb", "a\rb", "\x00b", "a\x7f", "a\x1fb", "\ud800", "x" * 8192]


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
    before = count_strangers(canary)
    ports = frozenset({canary.port})
    loader = downloader("x.test", ports=ports, resolve=lambda _: addresses.split())
    assert failure(f"http://photos.test:{canary.port}/", loader) == REFUSED
    assert count_strangers(canary) == before


def test_a_name_is_looked_up_once_for_each_hop(serve: Serve) -> None:
    server = serve(
        lambda path, send: send(redirect("/photo") if path == "/" else http_response(PHOTO))
    )
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


def test_what_was_checked_is_connected_to_whatever_the_name_means_later(
    canary: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = count_strangers(canary)
    # A public address first, this machine from then on.
    lookups = itertools.chain([["93.184.216.34"]], itertools.repeat(["127.0.0.1"]))
    connected: list[object] = []

    def refuse(address: object, *_: object, **__: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    ports = frozenset({canary.port})
    loader = downloader("x.test", ports=ports, resolve=lambda _: next(lookups))
    assert failure(f"http://photos.test:{canary.port}/", loader) == FAILED
    assert connected == [("93.184.216.34", canary.port)]
    assert failure(f"http://photos.test:{canary.port}/", loader) == REFUSED
    monkeypatch.undo()
    assert count_strangers(canary) == before


@pytest.mark.parametrize("head", [b"X: y\r\n", b"X" * 1000], ids=["lines", "one line"])
def test_endless_headers_are_left(serve: Serve, head: bytes) -> None:
    sent = [0]

    def reply(_: str, send: Send) -> None:
        send(b"HTTP/1.1 200 OK\r\n")
        while True:
            send(head * 100)
            sent[0] += len(head) * 100

    assert failure(serve(reply).url) == FAILED
    # What is on its way counts, too.
    assert sent[0] < 10_000_000


def test_a_loop_of_redirects_is_left(serve: Serve) -> None:
    server = serve(lambda path, send: send(redirect("/b" if path == "/a" else "/a")))
    assert failure(f"{server.url}/a") == TOO_MANY_REDIRECTS
    assert len(server.requests) == 4


def test_names_that_hang_take_no_more_than_their_threads() -> None:
    released = threading.Event()
    before = threading.active_count()
    hanging = downloader(timeout_s=0.2, resolve=lambda _: [str(released.wait(20))])
    try:
        with ThreadPoolExecutor(MAX_LOOKUPS + 10) as threads:
            said = list(threads.map(lambda _: failure("http://photos.test/", hanging), range(74)))
        assert set(said) == {TOO_SLOW}
        assert threading.active_count() - before <= MAX_LOOKUPS
    finally:
        released.set()


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
    before = count_strangers(canary)
    assert downloader().download(serve(http_response(PHOTO)).url) == PHOTO
    assert count_strangers(canary) == before


@pytest.mark.parametrize("trusted", ["the issuer", "another", "the system's"])
@pytest.mark.parametrize("name", ["photos.test", "other.test"])
def test_tls_is_for_the_name_in_the_url(serve: Serve, name: str, trusted: str) -> None:
    issuer, trust = trustme.CA(), ssl.create_default_context()
    (issuer if trusted == "the issuer" else trustme.CA()).configure_trust(trust)
    tls, told = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    issuer.issue_cert(name).configure_cert(tls)
    tls.sni_callback = lambda _, server_name, __: told.append(server_name)
    server = serve(http_response(PHOTO), tls=tls)
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
    server = serve(lambda path, send: send(http_response(path.encode())))
    loader, paths = downloader(), [f"/{i}" for i in range(50)]
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda path: loader.download(server.url + path), paths))
    assert bodies == [path.encode() for path in paths]


def test_urls_are_not_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    replies = {"/?secret": redirect("/?hidden"), "/?hidden": http_response(PHOTO)}
    server = serve(lambda path, send: send(replies[path]))
    assert downloader().download(f"{server.url}/?secret") == PHOTO
    assert not caplog.records


def test_the_http_library_is_loaded_by_the_first_download() -> None:
    program = "import sys, face_engine.download.downloader; sys.exit('httpcore2' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], env=subprocess_environment(), check=True)
