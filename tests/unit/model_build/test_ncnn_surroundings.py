"""Cut in the black, a network gives the outputs of the whole image."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from face_engine.deepface_compat.regions import STAGE_1, STAGE_2, FeatureBorder, FeatureCrop
from face_engine.inference.ncnn_network import FeatureBox, NcnnNetwork
from model_build.errors import ConversionFailed
from model_build.ncnn_graph import (
    ADD,
    BY_INPUT,
    FUSED_RELU,
    PLAIN,
    Layer,
    Parameters,
    to_bytes,
    write,
)
from model_build.ncnn_surroundings import surround

# Two rows of convolutions, of stride 1 and 2, a cut between them.
CROP = FeatureCrop("second", 1, 8, STAGE_1, STAGE_2, 4)
BORDERS = (
    FeatureBorder(1, STAGE_1, 2),
    FeatureBorder(1, STAGE_1, 1),
    FeatureBorder(1, STAGE_2, 1),
    FeatureBorder(2, STAGE_2, 1),
)
# So far all of them look around, together.
REACH_PX = 2 + 1 + 2 + 1 + 2


def convolution(
    rng: np.random.Generator, source: str, output: str, inputs: int, *, side: int, stride: int = 1
) -> Layer:
    weight = rng.normal(0, (2 / (inputs * side * side)) ** 0.5, (8, inputs, side, side))
    pads = dict.fromkeys((4, 14, 15, 16), side // 2)
    sizes = {0: 8, 1: side, 11: side, 3: stride, 13: stride, 5: 1, 6: weight.size}
    shift = to_bytes(rng.normal(0, 1, 8))
    parameters: Parameters = {**sizes, **pads}
    if rng.random() < 0.5:
        parameters[9] = FUSED_RELU
    weights = [PLAIN, to_bytes(weight), shift]
    return Layer("Convolution", [source], output, parameters, weights)


def make_layers(rng: np.random.Generator) -> list[Layer]:
    normed = [to_bytes(numbers) for numbers in rng.uniform(0.5, 2, (4, 8))]
    return [
        convolution(rng, "image", "wide", 3, side=5),
        Layer("BatchNorm", ["wide"], "normed", {0: 8, 1: 1e-5}, normed),
        Layer("ReLU", ["normed"], "positive"),
        convolution(rng, "positive", "first", 8, side=3),
        Layer("BinaryOp", ["first", "wide"], "sum", {0: ADD}),
        convolution(rng, "sum", "narrow", 8, side=1),
        Layer("Crop", ["narrow", CROP.input_name], "second", {0: BY_INPUT}),
        convolution(rng, "second", "half", 8, side=3, stride=2),
        Layer("Padding", ["half"], "padded", {0: 1, 1: 1, 2: 1, 3: 1, 4: 0, 5: 0.0}),
        Layer("Pooling", ["padded"], "pooled", {0: 0, 1: 3, 11: 3, 2: 1, 12: 1, 5: 1}),
        Layer("Concat", ["half", "pooled"], "both", {0: 0}),
        convolution(rng, "both", "out0", 16, side=1),
    ]


def load(rng: np.random.Generator, file: Path) -> NcnnNetwork:
    write(surround(make_layers(rng), [CROP], BORDERS), file)
    names = [CROP.input_name, *(border.input_name for border in BORDERS)]
    return NcnnNetwork(file, inputs=names, kept_pixels=0)


def run(
    network: NcnnNetwork,
    image: NDArray[np.float32],
    cut: FeatureBox,
    around: float,
    *,
    ends_above: bool = False,
) -> NDArray[np.float32]:
    rows, columns = image.shape[1:]
    half = -(-cut.rows // 2), -(-cut.columns // 2)
    sizes = ((rows, columns), (rows, columns), (cut.rows, cut.columns), half)
    inputs = {CROP.input_name: cut.to_input()}
    for border, size in zip(BORDERS, sizes, strict=True):
        factors = np.full([1, *(side + 2 * border.cells for side in size)], around, np.float32)
        factors[:, border.cells : -border.cells, border.cells : -border.cells] = 1
        if ends_above:
            factors[:, : border.cells] = 0
        inputs[border.input_name] = factors
    (output,) = network.run(np.ascontiguousarray(image), inputs=inputs)
    return np.asarray(output)


@pytest.mark.parametrize("seed", range(20))
def test_cut_in_the_black_it_gives_the_outputs_of_the_whole(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    network = load(rng, tmp_path / "network.ncnn")
    rows, columns = (int(side) for side in rng.integers(8, 24, 2) * 2)
    black = 2 * REACH_PX
    whole = np.zeros((3, rows + 2 * black, columns + 2 * black), np.float32)
    photo = whole[:, black:-black, black:-black]
    photo[:] = rng.uniform(0, 2, photo.shape)
    everything = FeatureBox(4, 4, columns + 2 * black, rows + 2 * black, 8)
    expected = run(network, whole, everything, 0)[
        :, black // 2 : -black // 2, black // 2 : -black // 2
    ]
    # The first convolutions look 3 px around; behind the cut, there is more black.
    part = whole[:, black - 4 : 4 - black, black - 4 : 4 - black]
    larger = FeatureBox(0, 0, columns + 16, rows + 16, 8)
    actual = run(network, part, larger, 1)[:, 4:-4, 4:-4]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, atol=2e-6 * scale)
    # With zeros around it, the photo's edge is another.
    zeros = run(network, photo, FeatureBox(4, 4, columns, rows, 8), 0)
    assert np.abs(zeros - expected).max() > 1e-2 * scale


@pytest.mark.parametrize("seed", range(5))
def test_beside_the_end_of_the_image_the_black_is_another(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    network = load(rng, tmp_path / "network.ncnn")
    rows, columns, black = 40, 24, 2 * REACH_PX
    whole = np.zeros((3, rows, columns + 2 * black), np.float32)
    photo = whole[:, :, black:-black]
    photo[:] = rng.uniform(0, 2, photo.shape)
    everything = FeatureBox(4, 4, columns + 2 * black, rows, 8)
    # The photo, and 6 px of black beside it.
    expected = run(network, whole, everything, 0)[:, :, black // 2 - 3 : 3 - black // 2]
    # Cut at the sides only, by unequal amounts.
    part = whole[:, :, black - 4 : 6 - black]
    larger = FeatureBox(2, 4, columns + 12, rows, 8)
    actual = run(network, part, larger, 1, ends_above=True)
    scale = np.abs(expected).max()
    below_reach = slice(REACH_PX, -REACH_PX)
    np.testing.assert_allclose(actual[:, below_reach], expected[:, below_reach], atol=2e-6 * scale)
    # So regions are not cut there.
    assert np.abs(actual - expected).max() > 1e-3 * scale


def test_what_the_service_does_not_know_is_refused() -> None:
    layers = make_layers(np.random.default_rng(0))
    with pytest.raises(ConversionFailed, match=r"cells=1.* is not expected"):
        surround(layers, [CROP], BORDERS[:-1])
    with pytest.raises(ConversionFailed, match="features of second are others"):
        surround(layers, [CROP._replace(channels=16)], BORDERS)
    with pytest.raises(ConversionFailed, match="joins different parts"):
        surround([*layers, Layer("Concat", ["narrow", "second"], "out1", {0: 0})], [CROP], BORDERS)
    with pytest.raises(ConversionFailed, match="Sigmoid on black is not supported"):
        surround([Layer("Sigmoid", ["image"], "out0")], [CROP], BORDERS)
    for parameter, message in ((1, "several widths"), (5, "other than zeros")):
        padded = Layer("Padding", ["image"], "out0", {0: 2, 1: 2, 2: 2, 3: 2, 5: 0})
        padded.parameters[parameter] = 1
        with pytest.raises(ConversionFailed, match=message):
            surround([padded], [CROP], BORDERS)
    layers[0].parameters[14] = 1
    with pytest.raises(ConversionFailed, match="borders of several widths"):
        surround(layers, [CROP], BORDERS)
