"""Targets of `make load` on loopback: the local server, or a pool of Lambda environments."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from face_contract.ping import make_ping
from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import Pool, start_pool
from tools.local_server import LocalServer
from tools.process_memory import resident_mb


@dataclass(frozen=True, slots=True)
class Target:
    """An address for requests, and the processes that answer them."""

    port: int
    list_processes: Callable[[], list[int]]

    def resident_mb(self) -> float:
        """Returns the resident memory of all its processes, in MB."""
        return sum(map(_resident_mb, self.list_processes()))


@contextmanager
def run_local(photo_host: str) -> Iterator[Target]:
    """Runs the local server, which may download from `photo_host`."""
    variables = {"DOWNLOAD_ALLOWED_HOSTS": photo_host, "LOG_LEVEL": "WARNING"}
    server = LocalServer(
        {**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=None, start_timeout_s=60
    )
    try:
        server.first_answer.raise_for_status()
        yield Target(server.port, lambda: [server.process.pid])
    finally:
        server.stop()


@contextmanager
def run_pool(photo_host: str, size: int) -> Iterator[Target]:
    """Starts `size` warm environments of each function behind an API Gateway.

    Each takes one event at a time, as on Lambda, so at most `size` requests may be sent at once.
    """
    pools: dict[str, Pool] = {}
    try:
        pools["extract"] = start_pool("extract", size, DOWNLOAD_ALLOWED_HOSTS=photo_host)
        pools["compare"] = start_pool("compare", size)
        environments = [e for pool in pools.values() for e in pool.environments]
        for environment in environments:
            environment.invoke(json.dumps(make_ping(0)).encode())
        sessions = {environment.process.pid for environment in environments}
        with serve(create_gateway(pools)) as address:
            yield Target(int(address.rpartition(":")[2]), lambda: _processes_of(sessions))
    finally:
        for pool in pools.values():
            pool.stop()


def _processes_of(sessions: set[int]) -> list[int]:
    """Returns the emulators, each the leader of its session, and the functions they started.

    Functions have their own process groups, but stay in the session.
    """
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [number for number in numbers if _session_of(number) in sessions]


def _session_of(process: int) -> int | None:
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return None


def _resident_mb(process: int) -> float:
    try:
        return resident_mb(process)
    except ProcessLookupError:
        return 0.0
