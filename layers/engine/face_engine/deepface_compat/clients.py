"""DeepFace's own networks on its onnx engine, from files that we have checked.

The clients of deepface 0.0.103 look for their weights in DEEPFACE_HOME and download missing ones.
The subclasses here take the path instead. Importing this module imports deepface, which takes half
a second, so only a model's builder imports it.
"""

import os
import queue
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.deepface_compat.imports import without_downloads
from face_engine.embedding.onnx_session import create_session

with without_downloads():
    from deepface.models.Detector import Detector, FacialAreaRegion
    from deepface.models.face_detection.RetinaFace import RetinaFaceClient
    from deepface.models.face_detection.YuNet import YuNetClient
    from deepface.models.facial_recognition.onnx.ArcFace import ArcFaceClient
    from deepface.modules.detection import extract_face
    from deepface.modules.preprocessing import resize_image
    from retinaface.model.retinaface_onnx_model import RetinaFace

__all__ = [
    "ArcFace",
    "Detector",
    "FacialAreaRegion",
    "PooledYuNet",
    "RetinaFaceDetector",
    "extract_face",
    "resize_image",
]


class ArcFace(ArcFaceClient):  # type: ignore[misc]
    """The embedding network: (n, 112, 112, 3) float BGR, 0 to 1, to (n, 512)."""

    def __init__(self, onnx: Path) -> None:
        self.model_name = "ArcFace"
        self.input_shape = (112, 112)
        self.output_shape = 512
        self.model = create_session(onnx)


class RetinaFaceDetector(RetinaFaceClient):  # type: ignore[misc]
    """RetinaFace with its default score threshold of 0.9.

    One call at a time: a search uses all processors and 600 MB of memory.
    """

    def __init__(self, onnx: Path) -> None:
        self.model = RetinaFace(create_session(onnx))
        self._turn = threading.Lock()

    def detect_faces(self, img: NDArray[np.uint8]) -> list[FacialAreaRegion]:
        """Returns the faces in an (H, W, 3) uint8 BGR image."""
        with self._turn:
            found: list[FacialAreaRegion] = super().detect_faces(img)
        return found


class PooledYuNet(Detector):  # type: ignore[misc]
    """DeepFace's YuNet, at 640 pixels and with its score threshold of 0.9.

    `cv2.FaceDetectorYN` is stateful, so there is one instance per processor and each call takes one
    for itself.
    """

    def __init__(self, onnx: Path) -> None:
        content = onnx.read_bytes()
        self._idle: queue.SimpleQueue[YuNetClient] = queue.SimpleQueue()
        for _ in range(os.cpu_count() or 1):
            self._idle.put(_YuNet(content))

    def detect_faces(self, img: NDArray[np.uint8]) -> list[FacialAreaRegion]:
        """Returns the faces in an (H, W, 3) uint8 BGR image."""
        client = self._idle.get()
        try:
            found: list[FacialAreaRegion] = client.detect_faces(img)
        finally:
            self._idle.put(client)
        return found


class _YuNet(YuNetClient):  # type: ignore[misc]
    def __init__(self, onnx: bytes) -> None:
        self._onnx = onnx
        super().__init__()

    def build_model(self) -> Any:
        content = np.frombuffer(self._onnx, np.uint8)
        # The client sets size and threshold before each call.
        return cv2.FaceDetectorYN.create("onnx", content, np.empty(0, np.uint8), (320, 320))
