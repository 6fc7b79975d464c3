"""How many processors this process may use."""

import os
import sys


def count_processors() -> int:
    """Returns the number of processors that the process may run on, at least 1.

    With `taskset` or a container's `--cpuset-cpus` they are fewer than the machine has. ONNX
    Runtime by default starts a thread for each core of the machine and pins it there. A share of
    processor time (`--cpus`) is not counted.
    """
    if sys.version_info >= (3, 13):
        # PYTHON_CPU_COUNT can set it.
        return os.process_cpu_count() or 1
    # macOS lets a process run anywhere.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
