"""What several end-to-end tests share."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT, subprocess_environment
from tools.local_server import LocalServer


@pytest.fixture(scope="module", autouse=True)
def event_loop() -> Iterator[None]:
    """Gives Mangum an event loop: without one it makes its own, which nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A local server with default settings, for the tests of one file."""
    server = LocalServer(subprocess_environment())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip functions' code and layer, as `sam build` makes them; needs no container."""
    folder = tmp_path_factory.mktemp("sam")
    # A copy: sam keeps what it builds from in a folder beside the template.
    shutil.copy(ROOT / "template.yaml", folder)
    for name in ("functions", "layers"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreters = folder / "bin"
    interpreters.mkdir()
    # sam looks for an interpreter of the runtime's very name.
    (interpreters / version).symlink_to(sys.executable)
    subprocess.run(
        [
            ROOT / ".venv-sam" / "bin" / "sam",
            "build",
            "WarmUpFunction",
            "--build-dir",
            folder / "build",
            "--parameter-overrides",
            f"PythonRuntime={version}",
        ],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{interpreters}:{os.environ['PATH']}",
            "SAM_CLI_TELEMETRY": "0",
            # No network is needed: `make test` has downloaded the wheels.
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": (ROOT / ".cache" / "wheels").as_uri(),
        },
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder / "build"
