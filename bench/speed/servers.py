"""Local servers of the copies, and clients that time their answers."""

import base64
import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import Any

from bench.speed.trees import Tree, respect_permissions
from face_service.app import API_PREFIX
from tools.local_server import COMMAND, LocalServer


@contextmanager
def serve(tree: Tree, configuration: str, processors: int | None = None) -> Iterator[LocalServer]:
    """Runs a copy's server with a loaded model; on the last `processors` only if they are given."""
    pinned: Sequence[str] = ()
    if processors is not None:
        # The client is not pinned, so it is mostly on the first.
        last = list(available_processors())[-processors:]
        pinned = ("taskset", "--cpu-list", ",".join(map(str, last)))
    server = LocalServer(
        tree.environment(configuration),
        stdout=subprocess.DEVNULL,
        stderr=None,
        start_timeout_s=120,
        command=(*pinned, *respect_permissions(), *COMMAND),
        folder=tree.folder,
    )
    try:
        server.first_answer.raise_for_status()
        yield server
    finally:
        server.stop()


@contextmanager
def serve_all(
    trees: Sequence[Tree], configuration: str, processors: int | None = None
) -> Iterator[dict[str, LocalServer]]:
    """Runs one server of each copy, by the copy's name."""
    with ExitStack() as stack:
        yield {
            tree.name: stack.enter_context(serve(tree, configuration, processors)) for tree in trees
        }


def available_processors() -> list[int]:
    """Returns the processors that this process may use."""
    return sorted(os.sched_getaffinity(0))


def make_body(photo: bytes, *, enforce_detection: bool = True) -> bytes:
    """Returns the JSON of a request to extract from a photo."""
    image = base64.b64encode(photo).decode()
    return json.dumps({"image": image, "enforce_detection": enforce_detection}).encode()


class Client:
    """One connection to a server."""

    def __init__(self, server: LocalServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def extract_ms(self, body: bytes) -> float:
        """Sends a request; returns the milliseconds until its whole answer is here.

        Raises:
            RuntimeError: the answer is not 200.
        """
        start = time.perf_counter()
        status, content = self._post("extract-embedding", body)
        spent_ms = (time.perf_counter() - start) * 1000
        _parse(status, content)
        return spent_ms

    def load_s(self) -> float:
        """Returns how long the server took to load its model, in seconds.

        Raises:
            RuntimeError: the answer is not 200.
        """
        seconds: float = _parse(*self._post("warm-up"))["load_time_seconds"]
        return seconds

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _post(self, endpoint: str, body: bytes | None = None) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", f"{API_PREFIX}/{endpoint}", body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def _parse(status: int, content: bytes) -> Any:
    answer = json.loads(content)
    if status != HTTPStatus.OK:
        raise RuntimeError(f"status {status}: {answer['error']['code']}")
    return answer


def extract_at_once(
    server: LocalServer, body: bytes, clients: int, photos: int
) -> tuple[float, list[float]]:
    """Sends `photos` requests from `clients` connections.

    Returns:
        Photos per second, and the milliseconds of each.
    """
    connections = [Client(server) for _ in range(clients)]
    shares = [photos // clients + (number < photos % clients) for number in range(clients)]

    def send(connection: Client, count: int) -> list[float]:
        return [connection.extract_ms(body) for _ in range(count)]

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        spent_ms = [ms for share in threads.map(send, connections, shares) for ms in share]
    seconds = time.perf_counter() - start
    for connection in connections:
        connection.close()
    return photos / seconds, spent_ms
