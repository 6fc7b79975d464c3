"""A server on loopback that answers with whatever bytes it is told to."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class OddServer(socketserver.ThreadingTCPServer):
    """Sends `answer` to whoever asks, and then says nothing more if it `stalls`."""

    daemon_threads = True
    answer = b""
    stalls = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.port = self.server_address[1]


class _Answer(socketserver.BaseRequestHandler):
    server: OddServer

    def handle(self) -> None:
        # The client may be gone before all is said.
        with suppress(OSError):
            self.request.recv(65_536)
            self.request.sendall(self.server.answer)
            if self.server.stalls:
                self.request.recv(1)


@contextmanager
def start_odd_server() -> Iterator[OddServer]:
    """Starts it, and stops it."""
    with OddServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
