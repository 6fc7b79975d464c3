"""Makes glibc return freed memory to the system; does nothing with other C libraries.

Memory from the system costs time: it comes in pages of zeros, and a third of the time of a large
photo was spent on them.
"""

import ctypes

# Parameters of mallopt (malloc.h).
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
# A function works on one photo at a time. What it kept of one is there for the next. More is not
# possible (HEAP_MAX_SIZE in glibc).
FUNCTION_KEEPS_BYTES = 32 * 1024 * 1024
# Each thread of a server keeps as much: after many photos and 1,000 broken ones it held 285 MB, and
# 359 with 16 MB. The arrays of a photo of 2,048 × 1,536 pixels are below.
SERVER_KEEPS_BYTES = 12 * 1024 * 1024


def configure_malloc(kept_bytes: int) -> None:
    """Makes malloc return each freed block above a size to the system at once.

    By default glibc raises its threshold with every large block and keeps the memory: after about
    200 photos a server held 270 to 390 MB instead of 160.
    """
    _call("mallopt", M_MMAP_THRESHOLD, kept_bytes)
    _call("mallopt", M_TRIM_THRESHOLD, kept_bytes)


def return_freed_memory() -> None:
    """Returns all free memory, such as the copies of weights that are left over from loading."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
