"""The local server in a process of its own, for tests and measurements."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2 as httpx

from tools import process_memory
from tools.lambda_pool import free_port

COMMAND = (sys.executable, "-m", "functions.local")


class LocalServer:
    """A server on a free port of loopback that has answered its first request.

    Attributes:
        address: its URL without a path.
        first_answer: what it answered to the first request of its health, of any status.
        seconds_to_first_answer: from the start of the process.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        stdout: int = subprocess.PIPE,
        stderr: int | None = subprocess.STDOUT,
        start_timeout_s: float = 30,
        command: Sequence[str] = COMMAND,
        folder: Path | None = None,
    ) -> None:
        """Starts the server and waits for its first answer.

        Args:
            environment: all its variables but HOST and PORT.
            stdout: as for `subprocess.Popen`; a pipe is read when the server stops.
            stderr: as for `subprocess.Popen`.
            start_timeout_s: how long its first answer may take.
            command: starts the server.
            folder: where to start it; the current folder by default.

        Raises:
            RuntimeError: it ended, or did not answer in time. What it wrote is a note of the error.
        """
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        start = time.perf_counter()
        self.process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            env={**environment, "HOST": "127.0.0.1", "PORT": str(self.port)},
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
        try:
            self.first_answer = wait_for_answer(self.address, self.process, start_timeout_s)
        except BaseException as error:
            # Nobody else knows of the process yet.
            self.process.kill()
            error.add_note(self.process.communicate()[0] or "")
            raise
        self.seconds_to_first_answer = time.perf_counter() - start

    def resident_mb(self) -> float:
        """Returns the memory that it holds now."""
        return process_memory.resident_mb(self.process.pid)

    def peak_mb(self) -> float:
        """Returns the most memory that it has held since the last call."""
        peak_mb = process_memory.peak_mb(self.process.pid)
        process_memory.reset_peak(self.process.pid)
        return peak_mb

    def stop(self) -> str:
        """Stops it, and returns what it wrote to the pipe."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=20)
        return output or ""


def wait_for_answer(
    address: str, process: subprocess.Popen[Any], timeout_s: float
) -> httpx.Response:
    """Asks a server for its health until it answers, with whatever status.

    Raises:
        RuntimeError: the process ended, or did not answer in time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return httpx.get(f"{address}/api/v1/health", timeout=timeout_s)
        except httpx.TransportError:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}") from None
            if time.monotonic() > deadline:
                raise RuntimeError(f"no answer within {timeout_s} s") from None
            time.sleep(0.02)
