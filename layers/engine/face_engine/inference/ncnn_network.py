"""A network run by ncnn, which computes 3×3 convolutions by Winograd's method."""

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

# Sets what the library reads from the environment, so it comes before it.
import face_engine.inference.native_libraries  # noqa: F401  # isort: skip
import ncnn
import numpy as np
from numpy.typing import NDArray

from face_engine.inference.ncnn_file import read_graph
from face_engine.processors import count_processors

INPUT = "image"


def output_name(index: int) -> str:
    """Returns the name of an output in the graph."""
    return f"out{index}"


class FeatureBox(NamedTuple):
    """A part of a layer's output, in cells."""

    left: int
    top: int
    columns: int
    rows: int
    channels: int

    def to_input(self) -> NDArray[np.float32]:
        """Returns it as ncnn's layer Crop reads it: six integers, with the first channel."""
        integers = np.array(
            (self.left, self.top, 0, self.columns, self.rows, self.channels), np.int32
        )
        # The same bytes.
        return integers.view(np.float32)


class NcnnNetwork:
    """A network of one image. Thread-safe.

    Args:
        file: the network, see `face_engine.inference.ncnn_file`.
        outputs: the number of its outputs.
        inputs: the names of its inputs besides the image.
        kept_pixels: the memory of a run on at most so many pixels is kept for the next one. Memory
            from the system comes in pages of zeros, which took a sixth of RetinaFace's time.

    Raises:
        ValueError: it is not such a file.
    """

    def __init__(
        self,
        file: Path,
        outputs: int = 1,
        inputs: Sequence[str] = (),
        *,
        kept_pixels: int,
    ) -> None:
        self._outputs = [output_name(index) for index in range(outputs)]
        self._max_kept_pixels = kept_pixels
        self._kept_pixels = 0
        self._allocators = ncnn.PoolAllocator(), ncnn.PoolAllocator()
        self._net = ncnn.Net()
        options = self._net.opt
        options.num_threads = count_processors()
        options.use_vulkan_compute = False
        # 16 bits would be faster, but 400 times less precise.
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = False
        # F(6, 3), the largest tiles of Winograd's method, is the least precise. The file says which
        # convolutions use F(4, 3), but ncnn reads that on x86 only. On ARM it would use F(4, 3) for
        # all, whose weights take 280 MB more by calculation.
        options.use_winograd43_convolution = platform.machine() == "x86_64"
        options.use_winograd63_convolution = False
        options.blob_allocator, options.workspace_allocator = self._allocators
        if self._net.load_param_mem(read_graph(file)) or self._net.load_model(str(file)):
            raise ValueError(f"{file.name} is not a network of ncnn")
        if sorted(self._net.input_names()) != sorted([INPUT, *inputs]):
            raise ValueError(f"{file.name} was made by another version of the bake")

    def run(
        self,
        planes: NDArray[np.float32],
        outputs: int | None = None,
        inputs: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
    ) -> Sequence[NDArray[np.float32]]:
        """Returns the outputs, each (channels, rows, columns) or (channels,) float32.

        Args:
            planes: (channels, rows, columns) float32.
            outputs: how many of them, from the first on. What only the others need is not computed.
            inputs: all besides the image, by their names.

        Raises:
            RuntimeError: ncnn failed, for want of memory.
        """
        pixels = planes[0].size
        if pixels > self._kept_pixels:
            # What was kept is too small for this.
            self._return_memory()
        extractor = self._net.create_extractor()
        for name, array in {INPUT: planes, **inputs}.items():
            # A copy, because ncnn does not keep the array, and each plane must begin at a multiple
            # of 16 bytes.
            extractor.input(name, ncnn.Mat(array).clone())
        results = []
        for name in self._outputs[:outputs]:
            status, output = extractor.extract(name)
            if status:
                raise RuntimeError(f"ncnn failed with {status}")
            results.append(np.array(output))
        del extractor, output
        if pixels > self._max_kept_pixels:
            self._return_memory()
        else:
            self._kept_pixels = max(self._kept_pixels, pixels)
        return results

    def _return_memory(self) -> None:
        self._kept_pixels = 0
        for allocator in self._allocators:
            allocator.clear()
