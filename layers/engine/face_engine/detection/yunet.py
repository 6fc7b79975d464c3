"""The YuNet face detector."""

from pathlib import Path

import numpy as np

from face_engine.detection.overlap import merge_detections
from face_engine.detection.scaling import Scaled, shrink, shrink_exactly
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
        large_px, small_px = LONGEST_SIDES_PX
        large = shrink_exactly(image_rgb, large_px)
        found = self._detect_in(large)
        if max(large.rgb.shape[:2]) > small_px:
            small = shrink(large.rgb, small_px)
            again = [face.scaled(large.x_scale, large.y_scale) for face in self._detect_in(small)]
            found = merge_detections(found, again, CLEARLY_BETTER)
        return found

    def _detect_in(self, image: Scaled) -> list[Face]:
        found = self._network.find(image.rgb, SCORE_THRESHOLD).astype(np.float64)
        return [
            Face(
                row[0],
                row[1],
                row[0] + row[2],
                row[1] + row[3],
                min(row[14], 1.0),
                row[4:14].reshape(5, 2),
            ).scaled(image.x_scale, image.y_scale)
            for row in found
        ]
