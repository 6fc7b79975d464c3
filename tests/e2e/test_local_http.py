"""The local server's HTTP: idle connections, malformed requests, targets with a host."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from face_contract.errors import ErrorCode
from tests.support.paths import subprocess_environment
from tools.local_server import LocalServer

HEALTH = "/api/v1/health"
EXTRACT = "/api/v1/extract-embedding"
HOST = "Host: 127.0.0.1\r\n"
# uvicorn's default, after which it would close an idle connection.
UVICORN_KEEP_ALIVE_S = 5


def talk(server: LocalServer, *parts: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Sends bytes as they are; returns status, headers and body of the one answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.05)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers, answer.read()


def test_an_idle_connection_outlives_uvicorns_own_patience(server: LocalServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.connect()
    used = connection.sock
    for pause_s in (UVICORN_KEEP_ALIVE_S + 1, 0):
        connection.request("GET", HEALTH)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["keep-alive"] == "timeout=75"
        assert answer.headers["connection"] is None
        answer.read()
        time.sleep(pause_s)
    # http.client would have connected anew.
    assert connection.sock is used
    connection.close()


MALFORMED = {
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no host": b"GET /api/v1/health HTTP/1.1\r\n\r\n",
    "blank before the colon": f"GET {HEALTH} HTTP/1.1\r\n{HOST}X : y\r\n\r\n".encode(),
    "blank in the target": f"GET {HEALTH} x HTTP/1.1\r\n{HOST}\r\n".encode(),
    "control character": f"GET {HEALTH}\x01 HTTP/1.1\r\n{HOST}\r\n".encode(),
    "negative length": f"POST {EXTRACT} HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n".encode(),
    "two lengths": f"POST {EXTRACT} HTTP/1.1\r\n{HOST}Content-Length: 1, 2\r\n\r\n".encode(),
    "unknown transfer coding": (
        f"POST {EXTRACT} HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip\r\n\r\n".encode()
    ),
    "chunk size": (
        f"POST {EXTRACT} HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nx\r\n".encode()
    ),
    "endless header": f"GET {HEALTH} HTTP/1.1\r\n{HOST}X: {'y' * 100_000}".encode(),
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_malformed_http_is_answered_in_the_envelope(
    server: LocalServer, request_bytes: bytes
) -> None:
    status, headers, body = talk(server, request_bytes)
    assert status == 422
    assert headers["content-type"] == "application/json"
    assert headers["connection"] == "close"
    error = json.loads(body)["error"]
    assert error["code"] == ErrorCode.VALIDATION_ERROR
    assert error["message"] == "The request is not valid HTTP/1.1."
    assert error["details"] is None


def test_a_body_that_breaks_while_it_comes_is_answered_in_the_envelope(server: LocalServer) -> None:
    head = f"POST {EXTRACT} HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n".encode()
    status, _, body = talk(server, head, b'5\r\n{"ima\r\n', b"not a size\r\n")
    assert status == 422
    assert json.loads(body)["error"]["code"] == ErrorCode.VALIDATION_ERROR


@contextmanager
def answered_early(server: LocalServer, header: str, timeout_s: float) -> Iterator[socket.socket]:
    """Sends the head of a request that is refused, and reads the answer before the body is sent."""
    head = f"POST {HEALTH} HTTP/1.1\r\n{HOST}{header}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout_s) as connection:
        connection.sendall(head)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 405
        answer.read()
        yield connection


def test_a_body_that_breaks_after_its_answer_gets_no_second_one(server: LocalServer) -> None:
    with answered_early(server, "Transfer-Encoding: chunked", 10) as connection:
        connection.sendall(b"not a size\r\n")
        assert connection.recv(1) == b""


def test_a_body_that_stops_after_its_answer_is_not_waited_for(server: LocalServer) -> None:
    with answered_early(server, "Content-Length: 1000", 20) as connection:
        connection.sendall(b"a bit more")
        # uvicorn would wait for ever.
        assert connection.recv(1) == b""


def test_what_is_malformed_is_not_logged(server_log: str) -> None:
    assert "Invalid HTTP request received." in server_log
    assert "Traceback" not in server_log
    assert "c4n4ry" not in server_log


@pytest.fixture
def server_log() -> str:
    server = LocalServer(subprocess_environment(LOG_LEVEL="DEBUG"))
    talk(server, f"GET {HEALTH} HTTP/1.1\r\n{HOST}c4n4ry : c4n4ry\r\n\r\n".encode())
    test_a_body_that_breaks_after_its_answer_gets_no_second_one(server)
    return server.stop()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://127.0.0.1:8001/api/v1/health", 200),
        ("HTTP://photos.example/api/v1/health?x=http://a/b", 200),
        ("https://[::1]:8001/api/v1/%68ealth", 200),
        ("http://127.0.0.1", 200),
        ("http://127.0.0.1/api/v1/nothing", 404),
        ("http://127.0.0.1/http://127.0.0.1/api/v1/health", 404),
        ("ftp://127.0.0.1/api/v1/health", 404),
        ("//127.0.0.1/api/v1/health", 404),
        ("*", 404),
    ],
)
def test_targets_with_a_host_are_answered_like_those_without(
    server: LocalServer, target: str, status: int
) -> None:
    answered, headers, body = talk(server, f"GET {target} HTTP/1.1\r\n{HOST}\r\n".encode())
    assert answered == status
    is_page = target == "http://127.0.0.1"
    assert headers["content-type"].startswith("text/html" if is_page else "application/json")
    if status == 404:
        assert json.loads(body)["error"]["code"] == ErrorCode.NOT_FOUND
