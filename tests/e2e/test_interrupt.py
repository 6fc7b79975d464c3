"""Ctrl-C ends the commands that serve, and all that they started, whatever their parent ignored."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.launchers import SIGINT_IGNORED
from tests.support.paths import ROOT, subprocess_environment
from tests.support.processes import children_of
from tools.lambda_pool import free_port
from tools.local_server import wait_for_answer


@pytest.mark.parametrize("launcher", [(), SIGINT_IGNORED], ids=["default", "ignored"])
@pytest.mark.parametrize(
    ("module", "options", "children"),
    [("functions.local", [], 0), ("tools.local_api", ["--instances", "1", "--port"], 2)],
)
def test_an_interrupt_ends_a_server_and_all_that_it_started(
    module: str, options: list[str], children: int, launcher: tuple[str, ...]
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*launcher, sys.executable, "-m", module, *options, *([str(port)] if options else [])],
        cwd=ROOT,
        env=subprocess_environment(HOST="127.0.0.1", PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    answer = wait_for_answer(f"http://127.0.0.1:{port}", process, 60)
    assert answer.status_code == 200
    started = children_of(process.pid)
    assert len(started) == children
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert "Traceback" not in said
    assert process.returncode in {0, -signal.SIGINT}
    assert [child for child in started if Path(f"/proc/{child}").exists()] == []


@pytest.mark.parametrize("launcher", [(), SIGINT_IGNORED], ids=["default", "ignored"])
def test_an_interrupt_ends_an_event_and_all_that_it_started(launcher: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [*launcher, sys.executable, "-m", "tools.invoke", "events/warmup/schedule.json"],
        cwd=ROOT,
        env=subprocess_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 30
    # Two each of extract and compare, and the warm-up itself.
    while len(started := children_of(process.pid)) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # The event takes a second: both functions start cold.
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT, said
    assert "Traceback" not in said
    assert [child for child in started if Path(f"/proc/{child}").exists()] == []
