"""RetinaFace as DeepFace calls it: the same faces to the bit, without large copies.

`RetinaFace.detect_faces` of retina-face 0.0.19 copies the photo with its border, converts all of it
to float32 and decodes every cell. Here only what the network sees is converted, and only the cells
that show a face are decoded, by the functions of that package. The tests compare the results with
the package's own.
"""

import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.deepface_compat.clients import Detector, FacialAreaRegion
from face_engine.deepface_compat.imports import without_downloads
from face_engine.deepface_compat.networks import CHANNELS, STRIDES_PX, Array, Network

with without_downloads():
    from retinaface.commons import postprocess, preprocess

# DeepFace's default.
SCORE_THRESHOLD = 0.9
NMS_THRESHOLD = 0.4
# The shorter side is scaled to the first, unless the longer one then exceeds the second.
SIDES_PX = [1024, 1980]
# Left, top, right, bottom around a cell's origin, for the two anchors of each stride.
ANCHORS = (
    ((-248, -248, 263, 263), (-120, -120, 135, 135)),
    ((-56, -56, 71, 71), (-24, -24, 39, 39)),
    ((-8, -8, 23, 23), (0, 0, 15, 15)),
)
LANDMARKS = 5


class RetinaFaceDetector(Detector):  # type: ignore[misc]
    """RetinaFace with its default score threshold of 0.9.

    One call at a time: a search uses all processors and up to 600 MB of memory.

    Args:
        network: RetinaFace, looking at regions or at whole images.
    """

    def __init__(self, network: Network) -> None:
        self.model = network
        self._turn = threading.Lock()

    def detect_faces(self, img: NDArray[np.uint8]) -> list[FacialAreaRegion]:
        """Returns the faces in an (H, W, 3) uint8 BGR image, best score first."""
        with self._turn:
            resized, scale = preprocess.resize_image(img, SIDES_PX, allow_upscaling=True)
            image = cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)
            outputs = self.model(image[np.newaxis])
        boxes, scores, landmarks = _decode(outputs, image.shape[:2], scale)
        order = scores.argsort()[::-1]
        found = np.hstack([boxes[order], scores[order, np.newaxis]]).astype(np.float32)
        keep = postprocess.cpu_nms(found, NMS_THRESHOLD)
        return [
            _to_area(box, points)
            for box, points in zip(found[keep], landmarks[order][keep], strict=True)
        ]


def _decode(
    outputs: list[Array], shape: tuple[int, ...], scale: float
) -> tuple[NDArray[np.float64], Array, Array]:
    """Returns (n, 4) boxes, (n,) scores and (n, 5, 2) landmarks, in pixels before scaling."""
    boxes = [np.empty((0, 4))]
    scores = [np.empty(0, np.float32)]
    landmarks = [np.empty((0, LANDMARKS, 2), np.float32)]
    heads = (
        outputs[index : index + len(CHANNELS)] for index in range(0, len(outputs), len(CHANNELS))
    )
    for stride, anchors, head in zip(STRIDES_PX, ANCHORS, heads, strict=True):
        # (rows, columns, anchors, ...)
        probabilities = head[0][0, :, :, len(anchors) :]
        box_deltas, landmark_deltas = (
            output[0].reshape(*probabilities.shape, -1) for output in head[1:]
        )
        is_face = np.nonzero(probabilities >= SCORE_THRESHOLD)
        if not is_face[0].size:
            continue
        rows, columns, numbers = is_face
        origins = np.stack([columns, rows, columns, rows], axis=1) * stride
        cell_anchors = origins + np.array(anchors, np.float32)[numbers]
        decoded = postprocess.bbox_pred(cell_anchors, box_deltas[is_face])
        boxes.append(postprocess.clip_boxes(decoded, shape) / scale)
        scores.append(probabilities[is_face])
        points = postprocess.landmark_pred(
            cell_anchors, landmark_deltas[is_face].reshape(-1, LANDMARKS, 2)
        )
        points /= scale
        landmarks.append(points)
    return np.concatenate(boxes), np.concatenate(scores), np.concatenate(landmarks)


def _to_area(box: Array, landmarks: Array) -> FacialAreaRegion:
    left, top, right, bottom = (int(edge) for edge in box[:4])
    right_eye, left_eye, nose, mouth_right, mouth_left = ((int(x), int(y)) for x, y in landmarks)
    return FacialAreaRegion(
        x=left,
        y=top,
        w=right - left,
        h=bottom - top,
        left_eye=left_eye,
        right_eye=right_eye,
        confidence=float(box[4]),
        nose=nose,
        mouth_left=mouth_left,
        mouth_right=mouth_right,
    )
