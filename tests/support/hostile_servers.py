"""Loopback servers with scripted replies, for tests of the downloader."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeAlias

import pytest

from face_contract.errors import DownloadFailed
from face_engine.download.downloader import Downloader

PHOTO = b"\xff\xd8 photo " * 1000
LIMIT = 100_000
FAILED = DownloadFailed.message

Send: TypeAlias = Callable[[bytes], None]
Reply: TypeAlias = Callable[[str, Send], None]
Serve: TypeAlias = Callable[..., "Server"]


class Server(socketserver.ThreadingTCPServer):
    """Answers each connection with `reply`; records connections and requests."""

    request_queue_size = 50

    def __init__(
        self, reply: Reply, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.reply, self.tls = reply, tls
        self.requests: list[str] = []
        self.connections = self.probes = 0
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

    def count_other_connections(self) -> int:
        """Connects once to make sure that earlier connections are counted; returns their number."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
            probe.sendall(b"GET /knock HTTP/1.1\r\n\r\n")
            assert probe.recv(1)
        self.probes += 1
        return self.connections - self.probes


class Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(10)
        with suppress(OSError), ExitStack() as stack:
            if tls := self.server.tls:
                connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
            # Requests are short enough to arrive in one piece.
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
