"""The layers of a network for ncnn, and how they are written.

Their numbered parameters and the order of their weights are described in ncnn's documentation
(operators.md, param-and-model-file-structure.md).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from face_engine.inference.ncnn_file import FORMAT, NUMBER_BYTES

MAGIC = "7767517"
# Stands before weights that are plain 32-bit numbers, where ncnn also knows shorter ones.
PLAIN = b"\0\0\0\0"
FUSED_RELU = 1
NEAREST = 1
ADD = 0
MULTIPLY = 2
MAX = 0
# Without padding of its own, and rounding down.
VALID = 1
# What is left is said by another input.
BY_INPUT = -233
# Any layer's parameter for the shapes of its outputs, as a list is written.
SHAPE_HINTS = -23330

Array: TypeAlias = NDArray[Any]
Parameters: TypeAlias = dict[int, int | float]


@dataclass(slots=True)
class Layer:
    """A layer of ncnn: one output, its numbered parameters and its weights.

    ncnn chooses its method for an output of `expected_shape` (columns, rows, channels), if given;
    the real one may have another shape.
    """

    kind: str
    inputs: list[str]
    output: str
    parameters: Parameters = field(default_factory=dict)
    weights: list[bytes] = field(default_factory=list)
    expected_shape: tuple[int, ...] = ()


def write(layers: Sequence[Layer], path: Path, numbers: bytes = b"") -> None:
    """Writes a file for `NcnnNetwork`.

    Args:
        layers: in the order in which they run.
        path: the file to write.
        numbers: what `read_numbers` reads.
    """
    graph = "\n".join([MAGIC, *_write_graph(layers)]) + "\n"
    text = graph.encode("ascii")
    weights = b"".join(part for layer in layers for part in layer.weights)
    end = (number.to_bytes(NUMBER_BYTES, "little") for number in (len(text), FORMAT))
    path.write_bytes(b"".join((weights, numbers, text, *end)))


def to_bytes(array: Array) -> bytes:
    """Returns weights as ncnn reads them."""
    return np.ascontiguousarray(array, np.float32).tobytes()


def _write_graph(layers: Sequence[Layer]) -> Iterator[str]:
    """Returns the lines after the first: the counts, then one line for each layer."""
    readers = Counter(name for layer in layers for name in layer.inputs)
    made = {layer.output for layer in layers}
    inputs = sorted(readers.keys() - made)
    lines = [f"Input {name} 0 1 {name}" for name in inputs]
    blobs = len(inputs)
    copies: dict[str, Iterator[str]] = {}

    def add_split(blob: str) -> int:
        # In ncnn a tensor has one reader; a layer copies it for several.
        if readers[blob] < 2:  # noqa: PLR2004
            return 0
        names = [f"{blob}_{index}" for index in range(readers[blob])]
        copies[blob] = iter(names)
        lines.append(f"Split split_{blob} 1 {len(names)} {blob} {' '.join(names)}")
        return len(names)

    blobs += sum(map(add_split, inputs))
    for layer in layers:
        read = [next(copies[name]) if name in copies else name for name in layer.inputs]
        parameters = [f"{key}={_to_text(value)}" for key, value in layer.parameters.items()]
        if layer.expected_shape:
            shape = len(layer.expected_shape), *layer.expected_shape
            parameters.append(f"{SHAPE_HINTS}={','.join(map(str, (len(shape), *shape)))}")
        counts = f"{len(read)} 1"
        words = [layer.kind, layer.output, counts, *read, layer.output, *parameters]
        lines.append(" ".join(words))
        blobs += 1 + add_split(layer.output)
    yield f"{len(lines)} {blobs}"
    yield from lines


def _to_text(value: float) -> str:
    # ncnn reads a value with a point or an exponent as a float, and any other as an integer.
    return f"{value:e}" if isinstance(value, float) else str(int(value))
