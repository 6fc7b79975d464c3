"""Commands of the project, and the processes that a process has started."""

import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT, subprocess_environment


def run_module(module: str, *arguments: str | Path) -> str:
    """Runs a module from the root, which must succeed; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def children_of(process: int | str) -> list[int]:
    """Returns the ids of a process's children."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text("ascii").split()]
