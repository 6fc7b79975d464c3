"""The YuNet face detector, run by OpenCV."""

import os
import queue

import cv2
import numpy as np

from face_engine.faces import Face, RGBImage

# Chosen on the six group photos of the tests at five sizes from 480 to 1280 px: real faces score
# 0.81 and more, what is none 0.70 and less.
SCORE_THRESHOLD = 0.75
# Boxes that overlap by more are one face; YuNet's own default (opencv_zoo).
NMS_THRESHOLD = 0.3
# The separation of people was measured with detection at this size; larger finds no more faces.
LONGEST_SIDE_PX = 1000
MOST_CANDIDATES = 5000


class YuNetDetector:
    """Finds faces with their five landmarks.

    `cv2.FaceDetectorYN` carries its input size and buffers as state: shared between threads it
    gives wrong answers without an error. Here each call has one to itself, of as many as there are
    processors; more callers at a time wait, which also bounds the memory.
    """

    def __init__(self, onnx: bytes) -> None:
        """Loads the network.

        Args:
            onnx: the content of a YuNet 2023mar file.

        Raises:
            cv2.error: it is none.
        """
        # OpenCV 5 warns at each load that its new engine ignores the choice of a device.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        buffer = np.frombuffer(onnx, np.uint8)
        self._idle: queue.SimpleQueue[cv2.FaceDetectorYN] = queue.SimpleQueue()
        for _ in range(os.cpu_count() or 1):
            self._idle.put(
                cv2.FaceDetectorYN.create(
                    "onnx",
                    buffer,
                    np.empty(0, np.uint8),
                    (LONGEST_SIDE_PX, LONGEST_SIDE_PX),
                    SCORE_THRESHOLD,
                    NMS_THRESHOLD,
                    MOST_CANDIDATES,
                )
            )

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces in an upright image, best score first."""
        rows, columns = image_rgb.shape[:2]
        scale = min(1.0, LONGEST_SIDE_PX / max(rows, columns))
        width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
        bgr = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
        if scale < 1:
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        detector = self._idle.get()
        try:
            detector.setInputSize((width, height))
            _, found = detector.detect(bgr)
        finally:
            self._idle.put(detector)
        if found is None:
            return []
        # Each row: box x, y, w, h; five landmarks x, y; score.
        rows_found = np.asarray(found, np.float64)
        rows_found[:, 0:14:2] *= columns / width
        rows_found[:, 1:14:2] *= rows / height
        faces = [
            Face(r[0], r[1], r[0] + r[2], r[1] + r[3], min(max(r[14], 0), 1), r[4:14].reshape(5, 2))
            for r in rows_found
        ]
        return sorted(faces, key=lambda face: face.score, reverse=True)
