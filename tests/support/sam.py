"""Runs SAM's command line as documented."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.documents import command as documented_command
from tests.support.paths import EVENT_DIR, ROOT
from tests.support.project_copy import copy_project
from tools.lambda_pool import free_port
from tools.translate_template import read_template

FUNCTIONS = {"extract": "ExtractFunction", "compare": "CompareFunction"}
START_TIMEOUT_S = 60


class Sam:
    """Runs SAM in a copy of the project, so that it writes nothing into the clone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "project"
        self._folder.mkdir()
        copy_project(self._folder)
        temporary = folder / "tmp"
        temporary.mkdir()
        own = (ROOT / ".venv-sam" / "bin", Path(sys.executable).parent)
        self._environment = {
            **os.environ,
            "PATH": os.pathsep.join([*map(str, own), os.environ["PATH"]]),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "SAM_CLI_TELEMETRY": "0",
            # SAM would otherwise write this to HOME.
            "__SAM_CLI_APP_DIR": str(folder / "sam"),
            # SAM leaves files there that say how it builds its images.
            "TMPDIR": str(temporary),
        }

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def build(self, base_image: str) -> None:
        """Builds all functions: images on another base, the zip for an available Python."""
        runtimes = read_template()["Parameters"]["PythonRuntime"]["AllowedValues"]
        runtime = next(name for name in reversed(runtimes) if self._runs(name))
        overrides = [f"BaseImage={base_image}", f"PythonRuntime={runtime}"]
        self._run([*documented_command("sam", "build"), *overrides])

    def _runs(self, python: str) -> bool:
        # A version manager's shim would be found but would fail.
        try:
            done = subprocess.run(
                [python, "-c", ""], env=self._environment, capture_output=True, check=False
            )
        except FileNotFoundError:
            return False
        return done.returncode == 0

    def invoke(self, event: str) -> dict[str, Any]:
        """Runs an event, such as extract/health-v1.json, in a container of its function."""
        command = documented_command("sam", "local", "invoke")
        command[command.index("ExtractFunction")] = FUNCTIONS[event.partition("/")[0]]
        command[command.index("--event") + 1] = str(EVENT_DIR / event)
        answer: dict[str, Any] = json.loads(self._run(command))
        return answer

    @contextmanager
    def start_api(self) -> Iterator[str]:
        """Serves the API as configured in samconfig.toml; yields its address."""
        port = free_port()
        log = self._folder / "api.log"
        with log.open("w") as file:
            api = subprocess.Popen(
                [*documented_command("sam", "local", "start-api"), "--port", str(port)],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not _listens(port):
                assert api.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            # SAM stops its containers.
            api.terminate()
            api.wait(START_TIMEOUT_S)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
