"""Starts the local server in a separate process."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import httpx2 as httpx

from tests.support.paths import subprocess_environment


class Server:
    """A running local server; stopped by its own process id."""

    def __init__(self, **variables: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "functions.local"],
            env=subprocess_environment(HOST="127.0.0.1", PORT=str(self.port), **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._wait_for_answer(start)
        except BaseException:
            # Stop it here, because the caller does not have it yet.
            self.process.kill()
            self.process.communicate()
            raise
        self.seconds_to_first_answer = time.perf_counter() - start

    def _wait_for_answer(self, start: float) -> None:
        while True:
            try:
                self.first_answer = httpx.get(f"{self.address}/api/v1/health")
                break
            except httpx.TransportError:
                assert self.process.poll() is None, self.process.communicate()[0]
                assert time.perf_counter() - start < 30
                time.sleep(0.02)

    def resident_mb(self) -> float:
        """Returns its resident memory in MB."""
        return self._memory_mb("VmRSS")

    def peak_mb(self) -> float:
        """Returns its peak resident memory in MB since the last call."""
        peak_mb = self._memory_mb("VmHWM")
        # Writing 5 resets the peak (proc_pid_clear_refs(5)).
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return peak_mb

    def _memory_mb(self, kind: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{kind}:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    def stop(self) -> str:
        """Stops the server and returns its output."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=20)
        return output


StartServer: TypeAlias = Callable[..., Server]
