"""Makes glibc return freed memory to the system; does nothing with other C libraries."""

import ctypes

# Parameters of mallopt (malloc.h).
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
# Arrays of large photos are above this; those of a portrait are below.
LARGE_BYTES = 4 * 1024 * 1024


def configure_malloc() -> None:
    """Makes malloc return each freed block above `LARGE_BYTES` to the system at once.

    By default glibc raises its threshold with every large block and keeps the memory: after about
    200 photos a server held 270 to 390 MB instead of 160.
    """
    _call("mallopt", M_MMAP_THRESHOLD, LARGE_BYTES)
    _call("mallopt", M_TRIM_THRESHOLD, LARGE_BYTES)


def return_freed_memory() -> None:
    """Returns all free memory, such as the copy of the weights left over from loading a network."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
