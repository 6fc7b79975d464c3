"""Rebuilds YuNet for ONNX Runtime: 32-bit weights, any image size, one head for each stride.

The published file has weights quantised by blocks, which ONNX Runtime cannot run, and a fixed size
of the image. The four heads of a stride (class, objectness, box, points) read the same features:
as one head of 16 channels they take a tenth less time. Nothing else is changed, so the outputs
differ from OpenCV's by rounding errors only.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_build.errors import ConversionFailed, WeightsRefused

# The features from which a stride's heads read, by the published file's names.
FEATURES = {8: "256", 16: "246", 32: "236"}
HEADS = ("cls", "obj", "bbox", "kps")
CHANNELS = 16
OPSET = 18
# Bounding boxes in pixels, and scores; see `verify`.
MAX_BOX_DIFFERENCE_PX = 0.5
MAX_SCORE_DIFFERENCE = 1e-3

Arrays = dict[str, NDArray[Any]]


def convert(published: Path, onnx: Path) -> None:
    """Rebuilds the published file. On failure, an existing `onnx` file is left unchanged.

    Args:
        published: YuNet 2023mar, quantised by blocks (opencv_zoo).
        onnx: the file to write.

    Raises:
        WeightsRefused: the file is not that network.
        ConversionFailed: the rebuilt network finds other faces than OpenCV does.
    """
    import onnx as onnx_format  # Only a fetching or baking environment has it.

    try:
        model = _rebuild(onnx_format.load(published))
        onnx_format.checker.check_model(model)
    # What protobuf raises for a file of another kind has no common base.
    except Exception as error:
        raise WeightsRefused(f"{published.name} is not the YuNet network of 2023mar") from error
    content = model.SerializeToString(deterministic=True)
    verify(published, content)
    part = onnx.with_name(f"{onnx.name}.part")
    part.write_bytes(content)
    part.replace(onnx)


def _rebuild(published: Any) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    arrays = {item.name: numpy_helper.to_array(item) for item in published.graph.initializer}
    # Unsigned bytes take a quarter of the memory on their way in.
    nodes = [helper.make_node("Cast", ["image"], ["input"], to=TensorProto.FLOAT)]
    for node in published.graph.node:
        if node.op_type == "DequantizeLinear":
            arrays[node.output[0]] = _dequantise(node, arrays)
        elif node.op_type == "Reshape" and node.input[0] in arrays:
            arrays[node.output[0]] = arrays[node.input[0]].reshape(arrays[node.input[1]])
        elif not any(name.startswith("bbox_head.") for name in node.input):
            nodes.append(node)
    # The published nodes behind the heads only rearrange; `detection.yunet_network` does it.
    end = next(i for i, node in enumerate(nodes) if node.op_type == "Transpose")
    nodes, outputs = nodes[:end], []
    for level, (stride, features) in enumerate(FEATURES.items()):
        nodes += _merge_heads(arrays, level, stride, features)
        shape: list[str | int | None] = [1, CHANNELS, f"rows_{stride}", f"columns_{stride}"]
        outputs.append(helper.make_tensor_value_info(f"out_{stride}", TensorProto.FLOAT, shape))
    used = {name for node in nodes for name in node.input if name in arrays}
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 3, "rows", "columns"])
    graph = helper.make_graph(
        nodes,
        "yunet",
        [image],
        outputs,
        [
            numpy_helper.from_array(np.ascontiguousarray(arrays[name]), name)
            for name in sorted(used)
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def _dequantise(node: Any, arrays: Arrays) -> NDArray[np.float32]:
    from onnx import helper

    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    quantised, scale, zero = (arrays[name].astype(np.float32) for name in node.input)
    if scale.ndim:
        # One scale for each block along the axis.
        size, axis = attributes["block_size"], attributes["axis"]
        length = quantised.shape[axis]
        scale, zero = (
            np.repeat(values, size, axis).take(np.arange(length), axis) for values in (scale, zero)
        )
    return np.asarray((quantised - zero) * scale, np.float32)


def _merge_heads(arrays: Arrays, level: int, stride: int, features: str) -> list[Any]:
    """Joins the four heads of a stride: a pointwise and a depthwise convolution each."""
    from onnx import helper

    for part in ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"):
        names = [f"bbox_head.multi_level_{head}.{level}.{part}" for head in HEADS]
        arrays[f"{part}_{stride}"] = np.concatenate(
            [arrays.get(f"{name}_reshaped", arrays.get(name)) for name in names]
        )
    if arrays[f"conv2.weight_{stride}"].shape != (CHANNELS, 1, 3, 3):
        raise ValueError("the heads have other channels")
    return [
        helper.make_node(
            "Conv",
            [features, f"conv1.weight_{stride}", f"conv1.bias_{stride}"],
            [f"joined_{stride}"],
            kernel_shape=[1, 1],
        ),
        helper.make_node(
            "Conv",
            [f"joined_{stride}", f"conv2.weight_{stride}", f"conv2.bias_{stride}"],
            [f"out_{stride}"],
            kernel_shape=[3, 3],
            pads=[1, 1, 1, 1],
            group=CHANNELS,
        ),
    ]


def verify(published: Path, rebuilt: bytes) -> None:
    """Compares each cell's box and score with OpenCV's, on seeded images.

    Raises:
        ConversionFailed: a cell is missing, or its box or score differs.
    """
    import cv2

    from face_engine.detection.yunet_network import YuNet

    # OpenCV 5 warns on each load that its new engine ignores the chosen device.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    network = YuNet(rebuilt)
    rng = np.random.default_rng(0)
    for rows, columns in ((96, 160), (333, 250)):
        coarse = rng.integers(0, 128, (-(-rows // 16), -(-columns // 16), 3), np.uint8)
        image = coarse.repeat(16, 0).repeat(16, 1)[:rows, :columns]
        image += rng.integers(0, 128, image.shape, np.uint8)
        # With these thresholds OpenCV returns every cell.
        detector = cv2.FaceDetectorYN.create(str(published), "", (columns, rows), 0.0, 1.0, 10**6)
        expected = np.asarray(detector.detect(image)[1], np.float64)
        found = network.find_candidates(image, 0.0, has_rgb=False).astype(np.float64)
        if len(found) != len(expected):
            raise ConversionFailed(f"YuNet has {len(found)} cells, not {len(expected)}")
        distances = np.abs(found[:, np.newaxis, :4] - expected[:, :4]).max(axis=2)
        nearest = distances.argmin(axis=1)
        box = distances.min(axis=1).max()
        score = np.abs(found[:, 14] - expected[nearest, 14]).max()
        # Written so that NaN fails, too.
        if not (box <= MAX_BOX_DIFFERENCE_PX and score <= MAX_SCORE_DIFFERENCE):
            raise ConversionFailed(
                f"YuNet finds other faces than OpenCV: boxes differ by up to {box:.1e} pixels,"
                f" scores by up to {score:.1e}"
            )
