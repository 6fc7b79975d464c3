"""Content codings, as kind and hostile servers send them."""

import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest

from face_contract.errors import DownloadFailed
from face_engine.download.content_coding import (
    MAX_CODINGS,
    MAX_GZIP_MEMBERS,
    TOO_LARGE,
    decode_content,
)
from tests.support.downloads import FAILED, LIMIT, PHOTO, Serve, deflate, downloader, failure
from tools.loopback_server import http_response


def members(*parts: bytes) -> bytes:
    return b"".join(map(gzip.compress, parts))


def pieces(body: bytes) -> list[bytes]:
    return [body[start : start + 500] for start in range(0, len(body), 500)]


def nested(body: bytes, codings: int) -> bytes:
    for _ in range(codings):
        body = gzip.compress(body)
    return body


UNKNOWN = """
binary aws-chunked UTF-8 utf8 none identity br zstd compress chunked image/jpeg * 7bit
"""


@pytest.mark.parametrize(
    "encoding", [*UNKNOWN.split(), "", ",", "identity, none", "gzip;q=1", "g zip", '"gzip"']
)
def test_an_unknown_coding_means_the_body_as_it_is(serve: Serve, encoding: str) -> None:
    server = serve(http_response(PHOTO, Content_Encoding=encoding))
    assert downloader().download(server.url) == PHOTO


FORMS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip twice": ("gzip, gzip", lambda body: nested(body, 2)),
    "gzip, then deflate": ("gzip, deflate", lambda body: deflate(gzip.compress(body))),
    "deflate, then gzip": ("DEFLATE,X-Gzip", lambda body: gzip.compress(deflate(body, -15))),
    "as often as allowed": (", ".join(["gzip"] * MAX_CODINGS), lambda b: nested(b, MAX_CODINGS)),
    "with an unknown one": ("aws-chunked, gzip, utf-8", gzip.compress),
    "two members": ("gzip", lambda body: members(body[:100], body[100:])),
    "empty members": ("gzip", lambda body: members(b"", body, b"", b"")),
    "blocks": ("gzip", lambda body: members(*pieces(body))),
    "blocks twice": ("gzip, gzip", lambda body: members(*pieces(members(*pieces(body))))),
    "zeros behind": ("gzip", lambda body: gzip.compress(body) + bytes(512)),
    "junk behind": ("gzip", lambda body: gzip.compress(body) + b"junk"),
    "junk behind deflate": ("deflate", lambda body: deflate(body) + gzip.compress(b"x")),
}


@pytest.mark.parametrize(("encoding", "encode"), FORMS.values(), ids=FORMS)
def test_every_coding_is_undone(
    serve: Serve, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    server = serve(http_response(encode(PHOTO), Content_Encoding=encoding))
    assert downloader().download(server.url) == PHOTO


@pytest.mark.parametrize(("encoding", "encode"), FORMS.values(), ids=FORMS)
def test_the_limit_is_inclusive_for_every_coding(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    assert decode_content(encode(PHOTO), encoding, len(PHOTO), lambda: 1) == PHOTO
    with pytest.raises(DownloadFailed, match=TOO_LARGE):
        decode_content(encode(PHOTO), encoding, len(PHOTO) - 1, lambda: 1)


def test_several_headers_are_several_codings(serve: Serve) -> None:
    body = nested(PHOTO, 2)
    head = http_response(Content_Length=str(len(body)), Content_Encoding="gzip")
    twice = head.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n")
    assert downloader().download(serve(twice + body).url) == PHOTO


BROKEN = {
    "too many codings": (nested(PHOTO, 6), ", ".join(["gzip"] * (MAX_CODINGS + 1))),
    "plain twice": (gzip.compress(PHOTO), "gzip, gzip"),
    "second member cut off": (members(PHOTO, PHOTO)[:-9], "gzip"),
    "second member broken": (gzip.compress(PHOTO) + b"\x1f\x8bjunk", "gzip"),
    "too many members": (members(*[b"x"] * (MAX_GZIP_MEMBERS + 1)), "gzip"),
    "empty": (members(b"", b""), "gzip"),
}


@pytest.mark.parametrize(("body", "encoding"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_coded_as_it_says_fails(serve: Serve, body: bytes, encoding: str) -> None:
    assert failure(serve(http_response(body, Content_Encoding=encoding)).url) == FAILED


def test_as_many_members_as_allowed_are_decoded() -> None:
    body = members(*[b"x"] * MAX_GZIP_MEMBERS)
    assert decode_content(body, "gzip", LIMIT, lambda: 1) == b"x" * MAX_GZIP_MEMBERS


@pytest.mark.parametrize("codings", [1, 2, 3])
def test_a_nested_bomb_does_not_unfold(codings: int) -> None:
    bomb = nested(bytes(200 << 20), codings)
    tracemalloc.start()
    try:
        with pytest.raises(DownloadFailed, match=TOO_LARGE):
            decode_content(bomb, ", ".join(["gzip"] * codings), 10 << 20, lambda: 1)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_ten_megabytes_of_empty_members_are_left_soon() -> None:
    body = gzip.compress(b"") * ((10 << 20) // 20)
    began = time.monotonic()
    with pytest.raises(DownloadFailed):
        decode_content(body, "gzip", 10 << 20, lambda: 1)
    # All of them would take many times as long.
    assert time.monotonic() - began < 1


def test_the_deadline_holds_while_a_body_is_decoded() -> None:
    left = iter([1.0, 1.0])

    def remaining_s() -> float:
        for seconds in left:
            return seconds
        raise DownloadFailed("late")

    with pytest.raises(DownloadFailed, match="late"):
        decode_content(members(PHOTO, PHOTO, PHOTO), "gzip", LIMIT, remaining_s)
