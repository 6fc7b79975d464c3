"""The memory that a process holds, read from Linux's /proc (proc_pid_status(5))."""

import re
from pathlib import Path


def resident_mb(process: int | str = "self") -> float:
    """Returns the memory that a process holds now.

    Raises:
        ProcessLookupError: the process has ended.
    """
    return _status_mb(process, "VmRSS")


def peak_mb(process: int | str = "self") -> float:
    """Returns the most memory that a process has held since its start, or since `reset_peak`.

    Raises:
        ProcessLookupError: the process has ended.
    """
    return _status_mb(process, "VmHWM")


def reset_peak(process: int | str = "self") -> None:
    """Lets the peak start again from what the process holds now."""
    # Five resets the peak (proc_pid_clear_refs(5)).
    Path(f"/proc/{process}/clear_refs").write_text("5", "ascii")


def _status_mb(process: int | str, field: str) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text("utf-8")
    except FileNotFoundError:
        raise ProcessLookupError(f"process {process} has ended") from None
    found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
    # One that has ended, but was not waited for, has a status without these fields.
    if found is None:
        raise ProcessLookupError(f"process {process} has ended")
    return int(found[1]) / 1024
