"""A service on loopback that answers by a script: busy, slow, broken or wrong."""

import base64
import json
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tools.loopback_server import serve_in_thread

MODEL = "mobilefacenet-87aacdfe/yunet/similarity"
VECTOR = [0.25, -0.5, *[0.125] * 510]


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        missing_bytes: so many bytes at the end of the body are announced but never sent.
        pause_s: before each byte of the body; before the head if there is no body.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    pause_s: float = 0.0


@dataclass(frozen=True)
class Received:
    """A request."""

    line: str
    headers: Mapping[str, str]
    body: Any
    at_s: float


@dataclass
class ScriptedService:
    """Its address, its replies in order (the last is repeated), and the requests that came."""

    address: str
    replies: list[Reply]
    requests: list[Received] = field(default_factory=list)


def ok(**content: Any) -> Reply:
    return Reply(200, json.dumps(content).encode())


def failure(status: int, code: str, **headers: str) -> Reply:
    """An error in the service's envelope."""
    error = {"code": code, "message": f"It is {code}.", "details": {"fact": 1}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps({"error": error}).encode(), named)


HEALTHY = ok(
    status="healthy",
    model="MobileFaceNet",
    embedding_dimensions=512,
    model_loaded=True,
    version="1.0.0",
)


def extraction(**changes: Any) -> dict[str, Any]:
    """The answer of extract-embedding, with changes."""
    return {
        "embedding": in_base64(VECTOR),
        "face_count": 1,
        "face_confidence": 0.94,
        "facial_area": {"x": 1, "y": 2, "w": 30, "h": 40},
        "processing_time_ms": 45.2,
        "model": MODEL,
        "warnings": [],
        **changes,
    }


def in_base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


@contextmanager
def serve_script(*replies: Reply) -> Iterator[ScriptedService]:
    """Serves the replies."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.requests.append(Received(self.requestline, headers, body, time.monotonic()))
            reply = service.replies.pop(0) if len(service.replies) > 1 else service.replies[0]
            # The client may be gone.
            with suppress(OSError):
                self.send(reply)

        do_GET = do_POST = answer  # noqa: N815

        def send(self, reply: Reply) -> None:
            self.close_connection = reply.missing_bytes > 0
            if not reply.body:
                time.sleep(reply.pause_s)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            sent = reply.body[: len(reply.body) - reply.missing_bytes]
            if not reply.pause_s:
                self.wfile.write(sent)
                return
            for byte in sent:
                time.sleep(reply.pause_s)
                self.wfile.write(bytes([byte]))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = ScriptedService(f"http://127.0.0.1:{server.server_port}", list(replies))
    with serve_in_thread(server):
        yield service
