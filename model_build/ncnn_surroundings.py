"""Black surroundings for a network that sees only parts of an image.

A convolution puts zeros around its features. Where an image goes on in black, that is wrong: each
layer gives some value for an endless black plane, and that value belongs there. With these values
in place of zeros, a part can be cut in the black, near the photo, and its outputs are those of the
whole image, if the image ends farther away than its zeros reach.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from face_engine.deepface_compat.regions import STAGE_1, FeatureBorder, FeatureCrop
from face_engine.inference.ncnn_network import INPUT
from model_build.errors import ConversionFailed
from model_build.ncnn_graph import FUSED_RELU, MULTIPLY, Array, Layer, Parameters, to_bytes

RGB = 3
# Parameters of a padding.
KIND, VALUE, CHANNELS = 4, 5, 6
CONSTANT = 0
# Parameters of a convolution.
STRIDE, ACTIVATION = 3, 9
PADDINGS = 4, 14, 15, 16


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a tensor.

    Attributes:
        stride_px: of its cells.
        view: the index of the part of the image that it covers, in the `views` of a `Region`.
        on_black: (channels,) float64, its values on an endless black plane.
    """

    stride_px: int
    view: int
    on_black: Array


def surround(
    layers: Sequence[Layer], crops: Sequence[FeatureCrop], borders: Sequence[FeatureBorder]
) -> list[Layer]:
    """Returns a network whose convolutions get their borders from further inputs.

    Args:
        layers: in the order in which they run; all with an input of RGB pixels, black being 0.
        crops: of the layers `Crop` with such an input.
        borders: the borders that may be there. The input of each is a (rows, columns) tensor,
            border included, by which the features are multiplied: 1 for themselves and for black
            around them, 0 for zeros around them.

    Raises:
        ConversionFailed: there is another border, crop or kind of layer.
    """
    surroundings = _Surroundings(crops, borders)
    return [new for layer in layers for new in surroundings.translate(layer)]


class _Surroundings:
    def __init__(self, crops: Sequence[FeatureCrop], borders: Sequence[FeatureBorder]) -> None:
        self._crops = {crop.input_name: crop for crop in crops}
        self._borders = frozenset(borders)
        self._known = {INPUT: Features(1, STAGE_1, np.zeros(RGB))}

    def translate(self, layer: Layer) -> Iterator[Layer]:
        source = self._known[layer.inputs[0]]
        self._known[layer.output] = self._describe(layer, source)
        if layer.kind == "Padding":
            if layer.parameters[VALUE]:
                raise ConversionFailed("ncnn export: a border of other than zeros")
            yield from self._add_border(layer, range(4), layer.output)
        elif layer.kind == "Convolution" and any(layer.parameters[key] for key in PADDINGS):
            bordered = f"bordered_{layer.output}"
            yield from self._add_border(layer, PADDINGS, bordered)
            without = layer.parameters | dict.fromkeys(PADDINGS, 0)
            yield replace(layer, inputs=[bordered], parameters=without)
        elif (crop := self._crop_of(layer)) and crop.black_cells:
            larger = f"larger_{layer.output}"
            yield _pad(layer.inputs[0], larger, crop.black_cells, source.on_black)
            yield replace(layer, inputs=[larger, *layer.inputs[1:]])
        else:
            yield layer

    def _add_border(self, layer: Layer, sides: Sequence[int], output: str) -> Iterator[Layer]:
        """Adds the border that a layer has, whose width at each side is one of its parameters."""
        source = layer.inputs[0]
        features = self._known[source]
        cells, *others = (int(layer.parameters[side]) for side in sides)
        if any(other != cells for other in others):
            raise ConversionFailed("ncnn export: borders of several widths")
        border = FeatureBorder(features.stride_px, features.view, cells)
        if border not in self._borders:
            raise ConversionFailed(f"ncnn export: {border} is not expected")
        surrounded = f"surrounded_{output}"
        yield _pad(source, surrounded, border.cells, features.on_black)
        yield Layer("BinaryOp", [surrounded, border.input_name], output, {0: MULTIPLY})

    def _describe(self, layer: Layer, source: Features) -> Features:
        if layer.kind == "Crop":
            return self._describe_crop(layer, source)
        if layer.kind == "Interp":
            return replace(source, stride_px=source.stride_px // int(layer.parameters[1]))
        if layer.kind == "Pooling":
            return replace(source, stride_px=source.stride_px * int(layer.parameters[2]))
        if layer.kind == "Padding":
            return source
        others = [self._known[name] for name in layer.inputs]
        if any(
            (other.stride_px, other.view) != (source.stride_px, source.view) for other in others
        ):
            raise ConversionFailed(f"ncnn export: {layer.output} joins different parts")
        stride_px = source.stride_px
        if layer.kind == "Convolution":
            stride_px *= int(layer.parameters[STRIDE])
        return Features(stride_px, source.view, _on_black(layer, [o.on_black for o in others]))

    def _describe_crop(self, layer: Layer, source: Features) -> Features:
        crop = self._crop_of(layer)
        if crop is None:
            # Cut to the size of another tensor.
            reference = self._known[layer.inputs[1]]
            return replace(reference, on_black=source.on_black)
        expected = crop.stride_px, crop.before, crop.channels
        if (source.stride_px, source.view, source.on_black.size) != expected:
            raise ConversionFailed(f"ncnn export: the features of {crop.layer} are others")
        return replace(source, view=crop.after)

    def _crop_of(self, layer: Layer) -> FeatureCrop | None:
        return self._crops.get(layer.inputs[1]) if layer.kind == "Crop" else None


def _pad(source: str, output: str, cells: int, values: Array) -> Layer:
    sides: Parameters = {0: cells, 1: cells, 2: cells, 3: cells}
    parameters: Parameters = {**sides, KIND: CONSTANT, VALUE: 0.0, CHANNELS: values.size}
    return Layer("Padding", [source], output, parameters, [to_bytes(values)])


def _on_black(layer: Layer, inputs: Sequence[Array]) -> Array:
    """Returns what a layer gives where each channel of its inputs has one value everywhere."""
    if layer.kind == "Convolution":
        weight, *bias = (np.frombuffer(part, np.float32) for part in layer.weights[1:])
        outputs = int(layer.parameters[0])
        # (outputs, inputs, rows · columns)
        kernel = weight.reshape(outputs, inputs[0].size, -1).astype(np.float64)
        values: Array = kernel.sum(axis=2) @ inputs[0] + (bias[0] if bias else 0)
        return np.maximum(values, 0) if layer.parameters.get(ACTIVATION) == FUSED_RELU else values
    if layer.kind == "BatchNorm":
        scale, mean, variance, shift = (
            np.frombuffer(part, np.float32).astype(np.float64) for part in layer.weights
        )
        slope: Array = scale / np.sqrt(variance + layer.parameters[1])
        return (inputs[0] - mean) * slope + shift
    if layer.kind == "ReLU":
        return np.maximum(inputs[0], 0)
    if layer.kind == "BinaryOp":
        return inputs[0] + inputs[1]
    if layer.kind == "Concat":
        return np.concatenate(inputs)
    raise ConversionFailed(f"ncnn export: {layer.kind} on black is not supported")
