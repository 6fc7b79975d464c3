"""The YuNet face detector."""

from pathlib import Path

import cv2
import numpy as np

from face_engine.detection.overlap import merge_detections
from face_engine.detection.yunet_network import YuNet
from face_engine.faces import Face, RGBImage

# Chosen on the six group photos of the tests at five sizes from 480 to 1280 px: real faces score
# 0.81 or more, false detections 0.70 or less.
SCORE_THRESHOLD = 0.75
# The distances between people were measured with detection at the first size. A face that fills a
# large photo scores as little as 0.45 there, but 0.91 at the second size, where small faces are
# missed. The second search takes a tenth of the first one's time.
LONGEST_SIDES_PX = (1000, 320)
# Landmarks are more precise at the larger size, so its face is kept unless the other scores this
# much higher. Eyes are off by 0.05 of the distance between them at 640 px and more, by 0.10 at 320
# px.
CLEARLY_BETTER = 0.05


class YuNetDetector:
    """Finds faces with five landmarks. Thread-safe."""

    def __init__(self, onnx: bytes | Path) -> None:
        """Loads the network.

        Args:
            onnx: a file made by `model_build.yunet`, or its content.

        Raises:
            onnxruntime.capi.onnxruntime_pybind11_state.Fail (or a related class): it is not an ONNX
                network.
        """
        self._network = YuNet(onnx)

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces in an upright image, best score first, without duplicates."""
        rows, columns = image_rgb.shape[:2]
        scaled = image_rgb
        found: list[Face] = []
        for side in LONGEST_SIDES_PX:
            scale = side / max(scaled.shape[:2])
            if scale < 1:
                size = (
                    max(1, round(scaled.shape[1] * scale)),
                    max(1, round(scaled.shape[0] * scale)),
                )
                resized = cv2.resize(scaled, size, interpolation=cv2.INTER_AREA)
                scaled = resized.astype(np.uint8, copy=False)
            elif side != LONGEST_SIDES_PX[0]:
                # The image is so small that the first search already ran at this size.
                break
            again = self._detect_at(scaled, columns / scaled.shape[1], rows / scaled.shape[0])
            found = merge_detections(found, again, CLEARLY_BETTER)
        return found

    def _detect_at(self, image_rgb: RGBImage, x_scale: float, y_scale: float) -> list[Face]:
        found = self._network.find(image_rgb, SCORE_THRESHOLD).astype(np.float64)
        return [
            Face(
                row[0],
                row[1],
                row[0] + row[2],
                row[1] + row[3],
                min(row[14], 1.0),
                row[4:14].reshape(5, 2),
            ).scaled(x_scale, y_scale)
            for row in found
        ]
