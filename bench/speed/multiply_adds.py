"""Counts the multiply-adds of ArcFace and RetinaFace. Runs where TensorFlow is.

python -m bench.speed.multiply_adds NETWORK HEIGHT WIDTH
"""

import argparse
import json
import math
import os
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from bench.speed.trees import ROOT, bake_python

# ArcFace fits every crop to this.
CROP_PX = 112


def count_multiply_adds(network: str, shape: Sequence[int]) -> int:
    """Returns the multiply-adds for one image, as DeepFace feeds it to the network.

    Args:
        network: "ArcFace" or "RetinaFace".
        shape: rows and columns of the image.

    Raises:
        RuntimeError: counting failed.
    """
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(  # noqa: S603
            [
                bake_python(),
                *("-m", "bench.speed.multiply_adds", network, str(shape[0]), str(shape[1])),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DEEPFACE_HOME": home,
                "TF_USE_LEGACY_KERAS": "1",
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    counted: int = json.loads(done.stdout.splitlines()[-1])
    return counted


def _count(network: str, rows: int, columns: int) -> int:
    import numpy as np
    import tensorflow as tf

    # Without weights, which the number does not depend on.
    from tests.support.random_weights import build_network

    if network == "RetinaFace":
        from retinaface.commons.preprocess import preprocess_image

        image, _, _ = preprocess_image(np.zeros((rows, columns, 3), np.uint8), allow_upscaling=True)
        shape = image.shape
    else:
        shape = (1, CROP_PX, CROP_PX, 3)
    keras = build_network(network)
    specification = tf.TensorSpec(shape, tf.float32)
    graph = tf.function(lambda x: keras(x, training=False)).get_concrete_function(specification)
    return sum(map(_of_operation, graph.graph.get_operations()))


def _of_operation(operation: Any) -> int:
    if operation.type == "Conv2D":
        # (rows, columns, channels in, channels out), for each pixel of the output.
        kernel = operation.inputs[1].shape.as_list()
        pixels = math.prod(operation.outputs[0].shape.as_list()[:3])
        return int(math.prod(kernel) * pixels)
    if operation.type == "MatMul":
        return int(math.prod(operation.inputs[1].shape.as_list()))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Counts a network's multiply-adds.")
    parser.add_argument("network", choices=("ArcFace", "RetinaFace"))
    parser.add_argument("rows", type=int)
    parser.add_argument("columns", type=int)
    arguments = parser.parse_args()
    print(json.dumps(_count(arguments.network, arguments.rows, arguments.columns)))
