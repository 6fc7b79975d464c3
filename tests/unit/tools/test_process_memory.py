"""The memory of a process: what it holds, what it held at most, and none once it has ended."""

import os
import subprocess
import sys

import pytest

from tools.process_memory import peak_mb, reset_peak, resident_mb

HELD_MB = 100
HOLD_AND_FREE = f"""
held = bytearray(b"x") * ({HELD_MB} * 2**20)
print("held", flush=True)
input()
del held
print("freed", flush=True)
input()
"""


def test_the_peak_outlasts_what_is_freed_until_it_is_reset() -> None:
    command = [sys.executable, "-c", HOLD_AND_FREE]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "held\n"
        assert resident_mb(process.pid) > HELD_MB
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "freed\n"
        assert resident_mb(process.pid) < HELD_MB
        assert peak_mb(process.pid) > HELD_MB
        reset_peak(process.pid)
        assert peak_mb(process.pid) < HELD_MB
        process.communicate("\n", timeout=10)


def test_a_process_that_has_ended_has_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    # It has ended, and was not waited for.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    for read in (resident_mb, peak_mb):
        with pytest.raises(ProcessLookupError):
            read(process.pid)
    process.wait()
    for read in (resident_mb, peak_mb):
        with pytest.raises(ProcessLookupError):
            read(process.pid)
