"""A file with a network for ncnn. `model_build.ncnn_graph` writes it.

It has the weights as ncnn reads them (`.bin`), perhaps numbers for `map_numbers`, the graph as text
(`.param`), and two 32-bit integers, little-endian: the graph's length and `FORMAT`.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Raise it when what such a file has changes: older ones are refused, and made anew by the bake.
FORMAT = 2
NUMBER_BYTES = 4


def map_numbers(file: Path, count: int) -> NDArray[np.float32]:
    """Returns the (count,) float32 numbers that stand before the graph.

    Those of a file that this process may not write, as in an image, are mapped, not copied. Another
    file may be written to later, so its numbers are copied.

    Raises:
        ValueError: it is not such a file.
    """
    start, _ = _find_graph(file)
    first = start - count * NUMBER_BYTES
    if first < 0:
        raise ValueError(f"{file.name} is not a network of ncnn")
    if os.access(file, os.W_OK):
        return np.fromfile(file, np.float32, count, offset=first)
    with file.open("rb") as content:
        _bring_into_memory(content.fileno(), first, start)
        mapped = mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, np.float32, count, first)


def _bring_into_memory(file: int, start: int, end: int) -> None:
    """Brings a part of a file into the page cache, so that the first photo need not wait for it.

    Without copying it. `madvise` brings no more than is read ahead, an eighth of ArcFace's numbers.
    """
    # If that fails, the pages come when they are used.
    with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
        while start < end and (sent := os.sendfile(nowhere.fileno(), file, start, end - start)):
            start += sent


def read_graph(file: Path) -> str:
    """Returns the graph.

    Raises:
        ValueError: it is not such a file.
    """
    start, length = _find_graph(file)
    with file.open("rb") as content:
        content.seek(start)
        return content.read(length).decode("ascii")


def _find_graph(file: Path) -> tuple[int, int]:
    """Returns where the graph starts, and its length."""
    with file.open("rb") as content:
        end = content.seek(0, os.SEEK_END) - 2 * NUMBER_BYTES
        content.seek(max(end, 0))
        length, made_as = (
            int.from_bytes(content.read(NUMBER_BYTES), "little") for _ in ("length", "format")
        )
    if end < length:
        raise ValueError(f"{file.name} is not a network of ncnn")
    if made_as != FORMAT:
        raise ValueError(f"{file.name} was made by another version of the bake")
    return end - length, length
