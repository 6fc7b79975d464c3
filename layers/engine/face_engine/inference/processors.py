"""How many processors this process may use."""

import os


def count_processors() -> int:
    """Returns the number of processors that the process may run on, at least 1.

    In a container or under `taskset` that may be fewer than the machine has. ONNX Runtime by
    default starts a thread for each core of the machine and pins it there.
    """
    # macOS lets a process run anywhere.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
