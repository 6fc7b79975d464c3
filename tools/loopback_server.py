"""HTTP servers on loopback whose answers are given byte by byte: photos, and broken HTTP too."""

import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeAlias

Send: TypeAlias = Callable[[bytes], None]
Reply: TypeAlias = Callable[[str, Send], None]


class Server(socketserver.ThreadingTCPServer):
    """Answers one request per connection with `reply(path, send)`, each in its own thread.

    Attributes:
        requests: the heads of all requests, in the order in which they came.
        connections: how many clients have connected.
    """

    # Of as many clients as may connect at the same time, none is refused.
    request_queue_size = 100

    def __init__(
        self, reply: Reply, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        """Listens on a free port."""
        self.reply, self.tls = reply, tls
        self.requests: list[str] = []
        self.connections = 0
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, 0), _Handler, bind_and_activate=False)
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.server_bind()
        self.server_activate()
        self.port: int = self.socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"

    def verify_request(self, request: object, client_address: Any) -> bool:
        """Counts the connection, and accepts it."""
        self.connections += 1
        return super().verify_request(request, client_address)  # type: ignore[arg-type]


class _Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(10)
        # The client may be gone before all is sent.
        with suppress(OSError), ExitStack() as stack:
            if tls := self.server.tls:
                connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
            head = _receive_head(connection)
            if request := re.match(r"[A-Z]+ (\S+) HTTP/", head):
                self.server.requests.append(head)
                self.server.reply(request[1], connection.sendall)
            elif head:
                # A TLS handshake, for one.
                connection.sendall(http_response(status="400 Bad Request"))


def _receive_head(connection: socket.socket) -> str:
    """Returns a whole head: closing a connection with bytes unread would reset it.

    What does not begin like HTTP is returned as it comes.
    """
    head = connection.recv(65536)
    while re.match(rb"[A-Z]+ ", head) and b"\r\n\r\n" not in head:
        more = connection.recv(65536)
        if not more:
            break
        head += more
    return head.decode("latin-1")


@contextmanager
def serve_in_thread(server: socketserver.BaseServer) -> Iterator[None]:
    """Serves for as long as this is open, then closes the server."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running(reply: Reply, **options: Any) -> Iterator[Server]:
    """Runs a `Server` with these options."""
    server = Server(reply, **options)
    with serve_in_thread(server):
        yield server


def http_response(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Returns an HTTP answer; a header of no text is left out, an underscore is a hyphen."""
    # Without it, clients send their next request on a connection that is about to be closed.
    headers = {"Content_Length": str(len(body)), "Connection": "close", **headers}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """Returns an HTTP answer that leads to another URL."""
    return http_response(b"", status, Location=location)


NOT_FOUND = http_response(status="404 Not Found")
