"""What is used of DeepFace, and its YuNet from a file that we have checked.

The clients of deepface 0.0.103 look for their weights in DEEPFACE_HOME and download missing ones.
The subclass here takes the path instead. Importing this module imports deepface, which takes half
a second, so only a model's builder imports it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from face_engine.deepface_compat.imports import without_downloads
from face_engine.detection.yunet_network import YuNet

with without_downloads():
    from deepface.models.Detector import Detector, FacialAreaRegion
    from deepface.models.face_detection.YuNet import YuNetClient
    from deepface.modules.detection import extract_face
    from deepface.modules.preprocessing import resize_image

__all__ = [
    "Detector",
    "FacialAreaRegion",
    "YuNetDetector",
    "extract_face",
    "resize_image",
]


# DeepFace's default.
YUNET_THRESHOLD = 0.9


class YuNetDetector(YuNetClient):  # type: ignore[misc]
    """DeepFace's YuNet, at 640 pixels and with its score threshold of 0.9. Thread-safe."""

    def __init__(self, onnx: Path) -> None:
        self.model = _FaceDetectorYN(YuNet(onnx))


class _FaceDetectorYN:
    """What DeepFace's client uses of `cv2.FaceDetectorYN`.

    The client sets the size that each image has, and the threshold that it reads from the
    environment: here the size is the image's own and the threshold is DeepFace's default.
    """

    def __init__(self, network: YuNet) -> None:
        self._network = network

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
        """Does nothing."""

    def setScoreThreshold(self, threshold: float) -> None:  # noqa: N802
        """Does nothing."""

    def detect(self, image_bgr: NDArray[np.uint8]) -> tuple[int, NDArray[np.float32]]:
        """Returns 1 and the (n, 15) rows of `YuNet.find`."""
        return 1, self._network.find(image_bgr, YUNET_THRESHOLD, has_rgb=False)
