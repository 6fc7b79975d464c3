"""A file with a network for ncnn. `model_build.ncnn_graph` writes it.

It has the weights as ncnn reads them (`.bin`), perhaps numbers for `read_numbers`, the graph as
text (`.param`), and two 32-bit integers, little-endian: the graph's length and `FORMAT`.
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Raise it when what such a file has changes: older ones are refused, and made anew by the bake.
FORMAT = 2
NUMBER_BYTES = 4


def read_numbers(file: Path, count: int) -> NDArray[np.float32]:
    """Reads the numbers that stand right before the graph.

    Returns:
        The last `count` of them: (count,) float32.

    Raises:
        ValueError: it is not such a file.
    """
    start, _ = _find_graph(file)
    first = start - count * NUMBER_BYTES
    if first < 0:
        raise ValueError(f"{file.name} is not a network of ncnn")
    return np.fromfile(file, np.float32, count, offset=first)


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
