"""The processes that a process has started."""

from pathlib import Path


def children_of(process: int | str) -> list[int]:
    """Returns the ids of a process's children."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text("ascii").split()]
