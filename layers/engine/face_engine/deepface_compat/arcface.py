"""DeepFace's ArcFace, giving the same vectors as `DeepFace.represent`.

Follows what deepface 0.0.103 does for one image, using its lowest-level public functions: border
around the image, detection, rotation by the eyes, resizing. Unlike DeepFace, it crops and
embeds one face, not all of them. The tests compare the results with `DeepFace.represent` itself.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face_contract.errors import ModelFailed
from face_engine.alignment import CROP_SIZE_PX
from face_engine.deepface_compat.clients import extract_face, resize_image
from face_engine.deepface_compat.locator import to_area
from face_engine.deepface_compat.networks import ArcFaceNetwork
from face_engine.detection.rotation import rotate_back
from face_engine.faces import Embedding, Face, RGBImage
from face_engine.roles import Crop
from face_engine.views import Views


@dataclass(frozen=True, slots=True)
class ArcFaceEmbedder:
    """Embeds aligned crops as in training (Deng et al., arXiv 1801.07698): RGB, -1 to 1."""

    network: ArcFaceNetwork

    def embed(self, crop_rgb: RGBImage) -> Embedding:
        """Returns the (512,) float32 embedding of a (112, 112, 3) uint8 RGB crop.

        Raises:
            ModelFailed: the network's output is zero or not finite.
        """
        pixels = crop_rgb[np.newaxis].astype(np.float32)
        return run(self.network, (pixels - np.float32(127.5)) / np.float32(128))


@dataclass(frozen=True, slots=True)
class DeepFaceCropper:
    """Crops faces as DeepFace does, rotated by their eyes: (h, w, 3) uint8 BGR of any size.

    Args:
        detector_backend: DeepFace's name of the detector.
    """

    detector_backend: str
    aligned: str = "deepface"
    unaligned: str = "deepface-box"

    def crop(self, views: Views, face: Face, *, align: bool) -> Crop:
        """Returns the pixels of a face's box; `align` first rotates the photo to level the eyes."""
        view = views.bordered(face.quarter_turns, has_border=align)
        # Rotating back by 4 - n quarters rotates forward by n.
        upright = rotate_back(face, -face.quarter_turns % 4, views.rgb.shape)
        cut = extract_face(
            facial_area=to_area(upright, view),
            img=view.bgr,
            align=align,
            expand_percentage=0,
            width_border=view.dx,
            height_border=view.dy,
            detector_backend=self.detector_backend,
        )
        return np.asarray(cut.img)

    def crop_whole(self, views: Views) -> Crop:
        """Returns the whole photo in BGR."""
        return views.bordered(0, has_border=False).bgr


@dataclass(frozen=True, slots=True)
class DeepFaceEmbedder:
    """Embeds crops of `DeepFaceCropper` as `represent` does with normalization "base"."""

    network: ArcFaceNetwork

    def embed(self, crop_bgr: NDArray[np.uint8]) -> Embedding:
        """Returns the (512,) float32 embedding of an (h, w, 3) uint8 BGR crop.

        Raises:
            ModelFailed: the crop is empty, or the network's output is zero or not finite.
        """
        if not crop_bgr.size:
            raise ModelFailed
        scaled = crop_bgr / 255 if crop_bgr.max() > 1 else crop_bgr
        fitted = resize_image(img=_widen_thin_crop(scaled), target_size=(CROP_SIZE_PX,) * 2)
        return run(self.network, fitted)


def _widen_thin_crop(image: NDArray[Any]) -> NDArray[Any]:
    """Widens a very thin image, so that it keeps at least one pixel when fitted to a crop.

    DeepFace's `resize_image` fails for an image whose sides have a ratio above 112.
    """
    rows, columns = image.shape[:2]
    if int(min(rows, columns) * CROP_SIZE_PX / max(rows, columns)) >= 1:
        return image
    min_side_px = max(rows, columns) // CROP_SIZE_PX + 1
    return np.asarray(cv2.resize(image, (max(columns, min_side_px), max(rows, min_side_px))))


def run(network: ArcFaceNetwork, batch: NDArray[np.float32]) -> Embedding:
    """Runs the network on one image; returns its (512,) float32 output, not normalized.

    Args:
        network: ArcFace.
        batch: (1, 112, 112, 3) float32.

    Raises:
        ModelFailed: the output is zero or not finite.
    """
    vector: Embedding = network(batch.astype(np.float32, copy=False))[0]
    if not (np.isfinite(vector).all() and vector.any()):
        raise ModelFailed
    return vector
