"""The YuNet network, run by ONNX Runtime, and the decoding of its outputs.

The results are those of `cv2.FaceDetectorYN`, whose DNN module takes two to three times as long.
The decoding follows OpenCV's (modules/objdetect/src/face_detect.cpp); the tests compare both.
"""

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.inference.onnx_session import create_session

# Boxes that overlap more count as one face; YuNet's own default (opencv_zoo).
NMS_THRESHOLD = 0.3
MAX_CANDIDATES = 5000
# Each output of the network has one cell for each square of so many pixels.
STRIDES_PX = (8, 16, 32)


class YuNet:
    """Finds faces with five landmarks at the image's own size. Thread-safe.

    Args:
        onnx: a file made by `model_build.yunet`, or its content.

    Raises:
        onnxruntime.capi.onnxruntime_pybind11_state.Fail (or a related class): it is not an ONNX
            network.
    """

    def __init__(self, onnx: bytes | Path) -> None:
        self._session = create_session(onnx)

    def find(
        self, image: NDArray[np.uint8], score_threshold: float, *, has_rgb: bool = True
    ) -> NDArray[np.float32]:
        """Returns the faces, best score first, without duplicates.

        Args:
            image: (H, W, 3) uint8.
            score_threshold: the least score to return.
            has_rgb: whether the image is RGB; otherwise BGR.

        Returns:
            (n, 15) float32 in pixels. Each row: box x, y, w, h; x, y of right eye, left eye, nose
            tip, right and left mouth corner; score.
        """
        candidates = self.find_candidates(image, score_threshold, has_rgb=has_rgb)
        return _suppress(candidates, score_threshold)

    def find_candidates(
        self, image: NDArray[np.uint8], score_threshold: float, *, has_rgb: bool = True
    ) -> NDArray[np.float32]:
        """Returns what `find` returns, with several rows for each face and in no order."""
        outputs = self._session.run(None, {"image": _to_planes(image, has_rgb)})
        return np.concatenate(
            [
                _decode(output[0], stride, score_threshold)
                for output, stride in zip(outputs, STRIDES_PX, strict=True)
            ]
        )


def _to_planes(image: NDArray[np.uint8], has_rgb: bool) -> NDArray[np.uint8]:
    """Returns (1, 3, H, W) uint8 BGR; H and W are multiples of 32, the added pixels black."""
    rows, columns = image.shape[:2]
    grid = STRIDES_PX[-1]
    planes = np.zeros((1, 3, -(-rows // grid) * grid, -(-columns // grid) * grid), np.uint8)
    channels = cv2.split(image)
    for plane, channel in zip(planes[0], channels[::-1] if has_rgb else channels, strict=True):
        plane[:rows, :columns] = channel
    return planes


def _decode(output: NDArray[np.float32], stride: int, threshold: float) -> NDArray[np.float32]:
    """Decodes the cells whose score reaches a threshold.

    Args:
        output: (16, rows, columns) float32: the logits of class and objectness, the box's centre
            and the logarithm of its size, five points; in units of the stride.
        stride: pixels per cell.
        threshold: the least score.
    """
    cells = np.flatnonzero(np.minimum(output[0], output[1]) >= _least_logit(threshold))
    if not cells.size:
        return np.empty((0, 15), np.float32)
    found = output.reshape(len(output), -1)[:, cells]
    scores = np.sqrt(_sigmoid(found[0]) * _sigmoid(found[1]))
    y, x = np.divmod(cells, output.shape[2])
    cell = np.stack([x, y]).astype(np.float32)
    size = np.exp(found[4:6]) * stride
    faces = np.empty((len(cells), 15), np.float32)
    faces[:, 0:2] = ((cell + found[2:4]) * stride - size / 2).T
    faces[:, 2:4] = size.T
    faces[:, 4:14] = ((np.tile(cell, (5, 1)) + found[6:16]) * stride).T
    faces[:, 14] = scores
    reached: NDArray[np.float32] = faces[scores >= threshold]
    return reached


def _least_logit(threshold: float) -> float:
    """Returns a bound that both logits of a cell reach if its score reaches a threshold.

    The score is the root of two probabilities, so each of them is at least its square.
    """
    # A little lower, because 32-bit scores are rounded.
    probability = min(max(threshold, 0) ** 2, 0.9999) - 1e-5
    return math.log(probability / (1 - probability)) if probability > 0 else -math.inf


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    # Written with tanh, which does not overflow.
    probabilities: NDArray[np.float32] = (np.tanh(logits * np.float32(0.5)) + 1) * np.float32(0.5)
    return probabilities


def _suppress(faces: NDArray[np.float32], score_threshold: float) -> NDArray[np.float32]:
    """Returns the faces that do not overlap a better one, best score first."""
    if len(faces) < 2:  # noqa: PLR2004
        return faces
    # OpenCV compares boxes of whole pixels.
    boxes = np.trunc(faces[:, :4])
    kept = cv2.dnn.NMSBoxes(
        boxes.tolist(),
        faces[:, 14].tolist(),
        score_threshold,
        NMS_THRESHOLD,
        top_k=MAX_CANDIDATES,
    )
    return faces[np.asarray(kept, np.intp)]
