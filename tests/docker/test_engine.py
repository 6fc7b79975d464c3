"""An engine of our own, and what is left of it: nothing."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT, subprocess_environment
from tools.containers.docker_engine import CONTROL_GROUPS, remove_control_groups

READY = "ready"
# A container of this machine's own `sleep`, and a network, which makes one more bridge.
COMMAND = f"""
set -e
tar -C / -ch bin/sleep lib64/ld-linux-x86-64.so.2 $(ldd /bin/sleep | grep -o 'lib/.*/libc.so.6') |
    docker import - sleep > /dev/null
docker network create extra > /dev/null
docker run --detach --network extra sleep /bin/sleep 60 > /dev/null
echo {READY}
sleep 60
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: that of a socket may have 107 characters."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder)


def start(folder: Path, command: str, **variables: str) -> subprocess.Popen[str]:
    """Runs a shell command in an engine's environment where no other engine answers."""
    environment = {**subprocess_environment(**variables), "TMPDIR": str(folder)}
    environment["DOCKER_HOST"] = f"unix://{folder}/none"
    program = [sys.executable, "-m", "tools.containers.docker_engine", "sh", "-c", command]
    return subprocess.Popen(
        program,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Under nohup it would be right to stay.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509
    )


def state_of_the_machine() -> dict[str, object]:
    """What an engine changes in a machine that it is not kept apart from."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    interfaces = Path("/proc/net/dev").read_text().splitlines()
    return {
        "rules": [line for line in rules.splitlines() if line.startswith("-")],
        "interfaces": {line.partition(":")[0] for line in interfaces},
        "forwards": Path("/proc/sys/net/ipv4/ip_forward").read_text(),
        "mounts": len(Path("/proc/mounts").read_text().splitlines()),
        "control groups": sorted(
            path for depth in ("", "*/") for path in CONTROL_GROUPS.glob(f"{depth}docker*")
        ),
        "keys": Path("/etc/docker").exists(),
        "state": sorted(path.name for path in Path("/run").glob("docker*")),
    }


def processes_of(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            # It has just ended.
            continue
        if str(folder).encode() in line:
            found.append(line.replace(b"\0", b" ").decode())
    return found


def test_the_command_gets_an_engine_and_its_status_comes_back(folder: Path) -> None:
    before = state_of_the_machine()
    engine = start(folder, "docker version --format '{{.Server.Os}}' && exit 7")
    output, errors = engine.communicate(timeout=120)
    assert (output, engine.returncode) == ("linux\n", 7), errors
    assert list(folder.iterdir()) == []
    assert processes_of(folder) == []
    assert state_of_the_machine() == before


def end(folder: Path, number: signal.Signals) -> int:
    """Starts an engine with a container, ends it by a signal, and waits for all its processes."""
    engine = start(folder, COMMAND)
    assert engine.stdout
    assert engine.stdout.readline().strip() == READY
    assert any("dockerd" in line for line in processes_of(folder))
    engine.send_signal(number)
    engine.communicate(timeout=60)
    deadline = time.monotonic() + 10
    while processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(folder) == []
    return engine.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_of_it_is_left_whatever_ends_it(folder: Path, number: signal.Signals) -> None:
    before = state_of_the_machine()
    assert end(folder, number) == 130
    assert list(folder.iterdir()) == []
    assert state_of_the_machine() == before


def test_killed_it_leaves_no_more_than_empty_control_groups_and_its_folder(folder: Path) -> None:
    before = state_of_the_machine()
    end(folder, signal.SIGKILL)
    (left,) = folder.iterdir()
    remove_control_groups(left.name)
    assert state_of_the_machine() == before


@pytest.mark.parametrize("program", ["dockerd", "slirp4netns"])
def test_why_it_does_not_start_is_said(folder: Path, tmp_path: Path, program: str) -> None:
    before = state_of_the_machine()
    broken = tmp_path / program
    broken.write_text("#!/bin/sh\necho 'this machine lacks something' >&2\nexit 1\n")
    broken.chmod(0o755)
    engine = start(folder, "echo run", PATH=f"{tmp_path}:{os.environ['PATH']}")
    output, errors = engine.communicate(timeout=30)
    assert (output, engine.returncode) == ("", 1)
    assert "this machine lacks something" in errors
    assert "Traceback" not in errors
    assert list(folder.iterdir()) == []
    assert state_of_the_machine() == before


def test_an_engine_that_answers_is_used(folder: Path) -> None:
    command = [sys.executable, "-m", "tools.containers.docker_engine", "docker", "info"]
    environment = {**subprocess_environment(), "TMPDIR": str(folder)}
    ours = ["docker", "info", "--format", "{{.ID}}"]
    theirs = subprocess.run(ours, capture_output=True, text=True, check=True).stdout
    done = subprocess.run(
        [*command, *ours[2:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == theirs
    assert list(folder.iterdir()) == []


def test_without_a_command_it_says_what_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.containers.docker_engine"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Which command?")
