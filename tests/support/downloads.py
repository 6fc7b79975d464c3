"""What several tests of the downloader share: a photo to download, and downloaders."""

import socket
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from face_contract.errors import DownloadFailed
from face_engine.download.downloader import Downloader
from tools.loopback_server import Server, http_response

PHOTO = b"\xff\xd8 photo " * 1000
LIMIT = 100_000
FAILED = DownloadFailed.message
CHUNKED = http_response(Content_Length="", Transfer_Encoding="chunked")
KNOCK = "GET /knock HTTP/1.1\r\n\r\n"

Serve: TypeAlias = Callable[..., Server]


def deflate(body: bytes, wbits: int = 15) -> bytes:
    """Compresses with zlib's header, or without one for negative `wbits`."""
    stream = zlib.compressobj(wbits=wbits)
    return stream.compress(body) + stream.flush()


def downloader(*allowed_hosts: str, **options: Any) -> Downloader:
    settings = {"timeout_s": 5, "max_bytes": LIMIT, **options}
    return Downloader(frozenset(allowed_hosts or {"127.0.0.1"}), **settings)


def failure(url: str, loader: Downloader | None = None) -> str:
    with pytest.raises(DownloadFailed) as caught:
        (loader or downloader()).download(url)
    return str(caught.value)


def count_strangers(server: Server) -> int:
    """Connects once, so that earlier connections are counted; returns their number."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as knock:
        knock.sendall(KNOCK.encode())
        assert knock.recv(1)
    return server.connections - server.requests.count(KNOCK)
