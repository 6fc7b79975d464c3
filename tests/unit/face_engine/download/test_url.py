"""URLs and redirects as people and servers write them, escaped as browsers escape them."""

import pytest

from face_engine.download.url import REFUSED, parse_url
from tests.support.downloads import PHOTO, Serve, count_strangers, downloader, failure
from tools.loopback_server import Send, Server, http_response, redirect

# Expected from the WHATWG URL Standard: the path, query and special-query percent-encode sets.
ESCAPED = {
    "/a b.jpg": "/a%20b.jpg",
    "/a%20b.jpg": "/a%20b.jpg",
    "/100%.jpg": "/100%.jpg",
    '/"a".jpg': "/%22a%22.jpg",
    "/<a>.jpg": "/%3Ca%3E.jpg",
    "/`a^{b}|c": "/%60a%5E%7Bb%7D|c",
    "/a'b(c)[d]!$&*+,;=:@~-_.jpg": "/a'b(c)[d]!$&*+,;=:@~-_.jpg",
    "/f?a b=\"c\"&d='e'&<f>`^{g}|h": "/f?a%20b=%22c%22&d=%27e%27&%3Cf%3E`^{g}|h",
    "/f?X-Amz-Signature=a%2Fb%3D&x=y+z/?": "/f?X-Amz-Signature=a%2Fb%3D&x=y+z/?",
    "/f?#a b": "/f",
    "/é?ü": "/%C3%A9?%C3%BC",
    # What macOS puts into the names of screenshots, a blank of Japanese, invisible characters.
    "/9.41\u202fAM.png": "/9.41%E2%80%AFAM.png",
    "/a\u3000b\xa0c\u200bd": "/a%E3%80%80b%C2%A0c%E2%80%8Bd",
    "/a\x85b": "/a%C2%85b",
    " ": "/",
}


@pytest.mark.parametrize(("path", "escaped"), ESCAPED.items(), ids=range(len(ESCAPED)))
@pytest.mark.parametrize("is_redirect", [False, True], ids=["url", "location"])
def test_paths_are_escaped_as_browsers_do(
    serve: Serve, path: str, escaped: str, is_redirect: bool
) -> None:
    asked: list[str] = []

    def reply(target: str, send: Send) -> None:
        asked.append(target)
        send(redirect(path) if target == "/from" and path.strip() else http_response(PHOTO))

    server = serve(reply)
    url = f"{server.url}/from" if is_redirect else f"{server.url}{path}"
    assert downloader().download(url) == PHOTO
    if not is_redirect or path.strip():
        assert asked[-1] == escaped


@pytest.mark.parametrize("around", [" ", "\n", "\r\n", "\t", " \x00\x1f "])
def test_blanks_around_a_url_are_dropped(serve: Serve, around: str) -> None:
    server = serve(http_response(PHOTO))
    assert downloader().download(f"{around}{server.url}/a{around}") == PHOTO
    assert server.requests[0].startswith("GET /a HTTP/1.1")


def test_bytes_of_a_location_that_are_not_utf_8_stay_as_they_are(serve: Serve) -> None:
    replies = {
        "/": http_response(b"", "302 Found", Location="/L"),
        "/caf%E9%20%FF": http_response(PHOTO),
    }
    replies["/"] = replies["/"].replace(b"/L", b"/caf\xe9 \xff")
    server = serve(lambda path, send: send(replies[path]))
    assert downloader().download(f"{server.url}/") == PHOTO


def test_a_redirect_from_an_escaped_path_is_relative_to_it(serve: Serve) -> None:
    replies = {"/a%20b/c": redirect("d e"), "/a%20b/d%20e": http_response(PHOTO)}
    server = serve(lambda path, send: send(replies[path]))
    assert downloader().download(f"{server.url}/a b/c") == PHOTO


# Blanks and control characters where they could hide a scheme, a host or a port.
HIDDEN = [
    "http:// 127.0.0.1:{port}/",
    "http://127.0.0.1 :{port}/",
    "http://127.0.0.1: {port}/",
    "http://127.0.0.1:{port} /",
    "http://photos.test 127.0.0.1:{port}/",
    "http://photos.test @127.0.0.1:{port}/",
    "http:/ /127.0.0.1:{port}/",
    "http: //127.0.0.1:{port}/",
    "h ttp://127.0.0.1:{port}/",
    "http://127.0.0.1\u3000:{port}/",
    "http://127.0.0.1\xa0:{port}/",
    "http://127.0.0.1\u200b:{port}/",
    "http://127.0.0.1\x85:{port}/",
    "http://\u202f127.0.0.1:{port}/",
    "http://127.0.0.1\udce9:{port}/",
    "http:\t//127.0.0.1:{port}/",
    "http://127.0.0.1\t:{port}/",
    "ht\ntp://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/a\tb",
    "http://127.0.0.1:{port}/a\r\nX: y",
    "http://127.0.0.1:{port}/a\\b",
    "http://127.0.0.1:{port}/\x7f",
    "http://127.0.0.1:{port}/?\x00x",
    "http://127.0.0.1:{port}/#\nx",
    " ",
    "\n",
]


@pytest.mark.parametrize("url", HIDDEN)
def test_what_others_may_read_otherwise_is_refused_though_the_host_is_allowed(
    canary: Server, url: str
) -> None:
    before = count_strangers(canary)
    assert failure(url.format(port=canary.port)) == REFUSED
    assert count_strangers(canary) == before


@pytest.mark.parametrize(
    "location",
    [" http://127.0.0.1:{port}/", "  //127.0.0.1:{port}/a b", "http://127.0.0.1:{port}/ ' \"<>"],
)
def test_a_redirect_with_blanks_is_checked_like_any_other(
    serve: Serve, canary: Server, location: str
) -> None:
    server = serve(redirect(location.format(port=canary.port)))
    before = count_strangers(canary)
    loader = downloader(f"127.0.0.1:{server.port}", ports=frozenset({80, canary.port}))
    assert failure(server.url, loader) == REFUSED
    assert count_strangers(canary) == before


def test_escapes_do_not_change_the_host() -> None:
    target = parse_url(" http://Photos.Example/a b?c d#e ")
    assert (target.host, target.port) == ("photos.example", 80)
    assert target.path == "/a%20b?c%20d"
