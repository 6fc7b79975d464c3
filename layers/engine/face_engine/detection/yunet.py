"""The YuNet face detector, run by OpenCV."""

import os
import queue

import cv2
import numpy as np

from face_engine.detection.overlap import merge_detections
from face_engine.faces import Face, RGBImage

# Chosen on the six group photos of the tests at five sizes from 480 to 1280 px: real faces score
# 0.81 or more, false detections 0.70 or less.
SCORE_THRESHOLD = 0.75
# Boxes that overlap more count as one face; YuNet's own default (opencv_zoo).
NMS_THRESHOLD = 0.3
# The distances between people were measured with detection at the first size. A face that fills a
# large photo scores as little as 0.45 there, but 0.91 at the second size, where small faces are
# missed. The second search takes a tenth of the first one's time.
LONGEST_SIDES_PX = (1000, 320)
# Landmarks are more precise at the larger size, so its face is kept unless the other scores this
# much higher. Eyes are off by 0.05 of the distance between them at 640 px and more, by 0.10 at 320
# px.
CLEARLY_BETTER = 0.05
MAX_CANDIDATES = 5000


class YuNetDetector:
    """Finds faces with five landmarks. Thread-safe.

    `cv2.FaceDetectorYN` keeps its input size and buffers as state; shared between threads it
    returns wrong results without an error. So there is one instance per processor, and each call
    takes one for itself. Further calls wait, which also bounds the memory.
    """

    def __init__(self, onnx: bytes) -> None:
        """Loads the network.

        Args:
            onnx: the content of a YuNet 2023mar file.

        Raises:
            cv2.error: the content is not an ONNX network.
        """
        # OpenCV 5 warns on each load that its new engine ignores the chosen device.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        buffer = np.frombuffer(onnx, np.uint8)
        self._idle: queue.SimpleQueue[cv2.FaceDetectorYN] = queue.SimpleQueue()
        for _ in range(os.cpu_count() or 1):
            self._idle.put(
                cv2.FaceDetectorYN.create(
                    "onnx",
                    buffer,
                    np.empty(0, np.uint8),
                    (LONGEST_SIDES_PX[0], LONGEST_SIDES_PX[0]),
                    SCORE_THRESHOLD,
                    NMS_THRESHOLD,
                    MAX_CANDIDATES,
                )
            )

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces in an upright image, best score first, without duplicates."""
        bgr = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
        rows, columns = bgr.shape[:2]
        found: list[Face] = []
        for side in LONGEST_SIDES_PX:
            scale = side / max(bgr.shape[:2])
            if scale < 1:
                size = max(1, round(bgr.shape[1] * scale)), max(1, round(bgr.shape[0] * scale))
                bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
            elif side != LONGEST_SIDES_PX[0]:
                # The image is so small that the first search already ran at this size.
                break
            again = self._detect_at(bgr, columns / bgr.shape[1], rows / bgr.shape[0])
            found = merge_detections(found, again, CLEARLY_BETTER)
        return found

    def _detect_at(self, bgr: cv2.typing.MatLike, x_scale: float, y_scale: float) -> list[Face]:
        detector = self._idle.get()
        try:
            detector.setInputSize((bgr.shape[1], bgr.shape[0]))
            _, found = detector.detect(bgr)
        finally:
            self._idle.put(detector)
        if found is None:
            return []
        # Each row: box x, y, w, h; five landmarks x, y; score.
        rows_found = np.asarray(found, np.float64)
        rows_found[:, 0:14:2] *= x_scale
        rows_found[:, 1:14:2] *= y_scale
        return [
            Face(r[0], r[1], r[0] + r[2], r[1] + r[3], min(max(r[14], 0), 1), r[4:14].reshape(5, 2))
            for r in rows_found
        ]
