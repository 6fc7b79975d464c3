"""Which tiles ncnn uses for a convolution is said in the file; its result is the same."""

import platform
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from face_engine.inference.ncnn_network import NcnnNetwork
from model_build.ncnn_graph import PLAIN, Layer, to_bytes, write

CHANNELS = 64


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (6, 6), (7, 50), (61, 40)])
def test_the_shape_that_is_expected_of_an_output_only_chooses_the_method(
    rows: int, columns: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(rows)
    weight = rng.normal(0, 0.05, (CHANNELS, CHANNELS, 3, 3)).astype(np.float32)
    image = rng.normal(0, 1, (CHANNELS, rows, columns)).astype(np.float32)
    sizes = {0: CHANNELS, 1: 3, 11: 3, 3: 1, 13: 1, 5: 0, 6: weight.size}
    pads = dict.fromkeys((4, 14, 15, 16), 1)
    outputs: list[NDArray[np.float32]] = []
    for shape in ((), (6, 6, CHANNELS)):
        weights = [PLAIN, to_bytes(weight)]
        layer = Layer("Convolution", ["image"], "out0", {**sizes, **pads}, weights, shape)
        file = tmp_path / "network.ncnn"
        write([layer], file)
        outputs += NcnnNetwork(file, kept_pixels=0).run(image)
    windows = sliding_window_view(np.pad(image, ((0, 0), (1, 1), (1, 1))), (3, 3), (1, 2))
    expected = np.einsum("ihwyx,oiyx->ohw", windows, weight, dtype=np.float64)
    for output in outputs:
        np.testing.assert_allclose(output, expected, atol=1e-5)
    # Other tiles round otherwise. On ARM ncnn does not read the shape.
    differs = not np.array_equal(outputs[0], outputs[1])
    assert differs == (platform.machine() == "x86_64")
