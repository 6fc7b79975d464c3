"""Writes an ONNX network as a file for `face_engine.inference.ncnn_network`.

ncnn's own converter needs PyTorch and does not know the PReLU that TensorFlow writes as five nodes.
Only what ArcFace and RetinaFace need is supported; anything else is refused.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from face_engine.deepface_compat.regions import FeatureBorder, FeatureCrop
from face_engine.inference.ncnn_network import INPUT, output_name
from model_build.errors import ConversionFailed
from model_build.ncnn_graph import (
    ADD,
    BY_INPUT,
    FUSED_RELU,
    MAX,
    NEAREST,
    PLAIN,
    VALID,
    Array,
    Layer,
    Parameters,
    to_bytes,
    write,
)
from model_build.ncnn_surroundings import surround

Translate = Callable[[Any], str]

# Winograd's method with larger tiles, F(4, 3), saves half of the multiplications that are left, but
# its weights take four times the memory of plain ones instead of 1.8 times. Convolutions of at most
# 128 channels have few weights, and many cells to compute.
MAX_WEIGHTS_FOR_LARGE_TILES = 128 * 128 * 9
# Columns and rows of an output for which ncnn chooses the smaller tiles, F(2, 3). It is a hint: the
# real output may have any size.
SMALL_OUTPUT = 6, 6


def export_to_ncnn(
    model: Any,
    exported: Sequence[str],
    path: Path,
    crops: Sequence[FeatureCrop] = (),
    borders: Sequence[FeatureBorder] = (),
) -> None:
    """Writes an ONNX network with a channels-last input; ncnn's is channels first.

    A dense layer at its end is not part of the graph, because ncnn would copy its weights twice.
    They stand in the file for `read_numbers`: (outputs, channels · rows · columns) of the features
    that the graph gives, then the (outputs,) that are added.

    Args:
        model: an `onnx.ModelProto` whose batch normalisations are folded where that is possible.
        exported: what the file gives: outputs of the network, or layers of convolution, after
            which tf2onnx names their tensors.
        path: the file to write.
        crops: where features can be cut at each run.
        borders: which borders convolutions put around their features at each run, if there are
            crops; see `surround`.

    Raises:
        ConversionFailed: the network has a node that is not supported.
    """
    translation = _Translation(model, exported, crops)
    layers = translation.layers
    write(surround(layers, crops, borders) if crops else layers, path, translation.dense)


class _Translation:
    """Translates nodes backwards from the outputs, each once."""

    def __init__(self, model: Any, exported: Sequence[str], crops: Sequence[FeatureCrop]) -> None:
        from onnx import numpy_helper

        graph = model.graph
        self.layers: list[Layer] = []
        self.dense = b""
        self._constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        self._producers: dict[str, Any] = {
            name: node for node in graph.node for name in node.output
        }
        self._consumers: defaultdict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self._consumers[name].append(node)
        self._crops, self._crops_for_finer = (
            {
                self._find_cropped(crop.layer): crop.input_name
                for crop in crops
                if crop.is_for_finer == is_for_finer
            }
            for is_for_finer in (False, True)
        )
        (image,) = graph.input
        self._blobs: dict[str, str] = {image.name: INPUT}
        self._name_outputs([self._blob(self._find(name)) for name in exported])

    def _find(self, exported: str) -> str:
        layers = self._outputs_of(exported, "Conv")
        # An output of the network has the name of its layer, but may be rearranged.
        return layers[0] if len(layers) == 1 else exported

    def _find_cropped(self, layer: str) -> str:
        outputs = self._outputs_of(layer, "Relu")
        if len(outputs) != 1:
            raise ConversionFailed(f"ncnn export: {layer} is {len(outputs)} layers")
        return outputs[0]

    def _outputs_of(self, layer: str, kind: str) -> list[str]:
        return [
            name
            for name, node in self._producers.items()
            if f"/{layer}/" in name and node.op_type == kind
        ]

    def _blob(self, name: str) -> str:
        """Returns the name of a tensor in ncnn; adds the layers that make it."""
        if name not in self._blobs:
            node = self._producer(name)
            translate: Translate | None = getattr(self, f"_{node.op_type.lower()}", None)
            if translate is None:
                raise ConversionFailed(f"ncnn export: {node.op_type} is not supported")
            self._blobs[name] = self._crop(translate(node), self._crops.get(name))
        return self._blobs[name]

    def _crop(self, blob: str, input_name: str | None) -> str:
        """Adds a layer that cuts a tensor, if an input says what is left of it."""
        if input_name is None:
            return blob
        return self._add_layer("Crop", [blob, input_name], {0: BY_INPUT})

    def _producer(self, name: str) -> Any:
        if name not in self._producers:
            raise ConversionFailed("ncnn export: a constant stands where a tensor is expected")
        return self._producers[name]

    def _add_layer(
        self, kind: str, inputs: Sequence[str], parameters: Parameters, *weights: bytes
    ) -> str:
        output = f"blob{len(self.layers)}"
        self.layers.append(Layer(kind, list(inputs), output, parameters, list(weights)))
        return output

    def _name_outputs(self, outputs: list[str]) -> None:
        names = {blob: output_name(index) for index, blob in enumerate(outputs)}
        if len(names) != len(outputs):
            raise ConversionFailed("ncnn export: two outputs are the same tensor")
        for layer in self.layers:
            layer.inputs = [names.get(blob, blob) for blob in layer.inputs]
            layer.output = names.get(layer.output, layer.output)

    # One method for each kind of node, called by its name.

    def _transpose(self, node: Any) -> str:
        # Only that of the input, from channels last to channels first.
        is_first = node.input[0] not in self._producers
        if not is_first or tuple(_attributes(node)["perm"]) != (0, 3, 1, 2):
            raise ConversionFailed("ncnn export: a transposition inside of the network")
        return self._blob(node.input[0])

    def _conv(self, node: Any) -> str:
        attributes = _attributes(node)
        weight, *bias = (self._constants[name] for name in node.input[1:])
        if attributes.get("group", 1) != 1 or set(attributes.get("dilations", [1])) != {1}:
            raise ConversionFailed("ncnn export: a grouped or dilated convolution")
        rows, columns = weight.shape[2:]
        top, left, bottom, right = attributes.get("pads", [0] * 4)
        down, across = attributes.get("strides", [1, 1])
        parameters: Parameters = {
            **{0: len(weight), 1: columns, 11: rows, 3: across, 13: down},
            **{4: left, 14: top, 15: right, 16: bottom, 5: len(bias), 6: weight.size},
        }
        blob = self._add_layer(
            "Convolution",
            [self._blob(node.input[0])],
            parameters,
            PLAIN,
            *map(to_bytes, (weight, *bias)),
        )
        if weight.size > MAX_WEIGHTS_FOR_LARGE_TILES:
            self.layers[-1].expected_shape = (*SMALL_OUTPUT, len(weight))
        return blob

    def _relu(self, node: Any) -> str:
        blob = self._blob(node.input[0])
        before = self.layers[-1] if self.layers else None
        is_only_reader = len(self._consumers[node.input[0]]) == 1
        if is_only_reader and before and before.output == blob and before.kind == "Convolution":
            before.parameters[9] = FUSED_RELU
            return blob
        return self._add_layer("ReLU", [blob], {})

    def _batchnormalization(self, node: Any) -> str:
        scale, shift, mean, variance = (self._constants[name] for name in node.input[1:5])
        return self._add_layer(
            "BatchNorm",
            [self._blob(node.input[0])],
            {0: scale.size, 1: _attributes(node)["epsilon"]},
            *map(to_bytes, (scale, mean, variance, shift)),
        )

    def _add(self, node: Any) -> str:
        if node.input[1] in self._constants:
            return self._dense(node)
        slope = self._slope_of_prelu(node)
        if slope is not None:
            positive = self._producer(node.input[0])
            blob = self._blob(positive.input[0])
            return self._add_layer("PReLU", [blob], {0: slope.size}, to_bytes(slope))
        return self._add_layer("BinaryOp", [self._blob(name) for name in node.input], {0: ADD})

    def _slope_of_prelu(self, add: Any) -> Array | None:
        """Returns the slope if a sum is TensorFlow's PReLU: relu(x) - slope · relu(-x)."""
        positive, scaled = (self._producers.get(name) for name in add.input)
        if (
            positive is None
            or scaled is None
            or (positive.op_type, scaled.op_type) != ("Relu", "Mul")
        ):
            return None
        negative = self._producers.get(scaled.input[0])
        if negative is None or negative.op_type != "Relu" or scaled.input[1] not in self._constants:
            return None
        negated = self._producers.get(negative.input[0])
        if negated is None or negated.op_type != "Neg" or negated.input[0] != positive.input[0]:
            return None
        return -self._constants[scaled.input[1]].reshape(-1)

    def _dense(self, shifted: Any) -> str:
        """Keeps a dense layer whose output is scaled and shifted: one matrix product.

        Returns:
            Its input, in place of its output.
        """
        if self._consumers[shifted.output[0]]:
            raise ConversionFailed("ncnn export: a dense layer before others")
        scaled = self._producer(shifted.input[0])
        product = self._producer(scaled.input[0])
        reshaped = self._producer(product.input[0])
        transposed = self._producer(reshaped.input[0])
        kinds = [node.op_type for node in (scaled, product, reshaped, transposed)]
        if kinds != ["Mul", "Gemm", "Reshape", "Transpose"] or _attributes(product).get("transA"):
            raise ConversionFailed("ncnn export: a sum with a constant")
        source = self._blob(transposed.input[0])
        scale, shift, bias, weight = (
            self._constants[name].astype(np.float64)
            for name in (scaled.input[1], shifted.input[1], product.input[2], product.input[1])
        )
        if not _attributes(product).get("transB"):
            weight = weight.T
        count, size = weight.shape
        # Flattened channels last in Keras, channels first in ncnn.
        channels = self._channels_of(source)
        side = round((size / channels) ** 0.5)
        weight = weight.reshape(count, side, side, channels).transpose(0, 3, 1, 2)
        weight = weight.reshape(count, size) * scale.reshape(-1, 1)
        self.dense = to_bytes(weight) + to_bytes(bias * scale.reshape(-1) + shift.reshape(-1))
        return source

    def _channels_of(self, blob: str) -> int:
        (layer,) = (layer for layer in self.layers if layer.output == blob)
        return int(layer.parameters[0])

    def _maxpool(self, node: Any) -> str:
        attributes = _attributes(node)
        if any(attributes.get("pads", [0])) or attributes.get("ceil_mode"):
            raise ConversionFailed("ncnn export: a padded pooling")
        (rows, columns), (down, across) = attributes["kernel_shape"], attributes["strides"]
        parameters: Parameters = {0: MAX, 1: columns, 11: rows, 2: across, 12: down, 5: VALID}
        return self._add_layer("Pooling", [self._blob(node.input[0])], parameters)

    def _pad(self, node: Any) -> str:
        _, _, top, left, _, _, bottom, right = (int(n) for n in self._constants[node.input[1]])
        parameters: Parameters = {0: top, 1: bottom, 2: left, 3: right, 4: 0, 5: 0.0}
        return self._add_layer("Padding", [self._blob(node.input[0])], parameters)

    def _concat(self, node: Any) -> str:
        if _attributes(node)["axis"] != 1:
            raise ConversionFailed("ncnn export: a concatenation of other than channels")
        return self._add_layer("Concat", [self._blob(name) for name in node.input], {0: 0})

    def _slice(self, node: Any) -> str:
        """Translates RetinaFace's features: doubled, then cut to those they are added to."""
        doubled = self._producer(node.input[0])
        (added,) = self._consumers[node.output[0]]
        if (doubled.op_type, added.op_type) != ("Resize", "Add"):
            raise ConversionFailed("ncnn export: a slice of other than doubled features")
        (reference,) = (name for name in added.input if name != node.output[0])
        size: Parameters = {0: NEAREST, 1: 2.0, 2: 2.0}
        coarser = doubled.input[0]
        smaller = self._crop(self._blob(coarser), self._crops_for_finer.get(coarser))
        larger = self._add_layer("Interp", [smaller], size)
        return self._add_layer("Crop", [larger, self._blob(reference)], {0: 0, 1: 0, 2: 0})


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {item.name: helper.get_attribute_value(item) for item in node.attribute}
