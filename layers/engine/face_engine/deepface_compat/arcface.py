"""DeepFace's ArcFace, and the vectors that `DeepFace.represent` makes with it.

What deepface 0.0.103 does for one image is followed at the lowest level of its public functions:
the border around the image, the detector, the turn of the face by its eyes, the resizing. Only one
face is cut out and embedded instead of all. The tests hold it to `DeepFace.represent` itself.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from face_contract.errors import ModelFailed, MultipleFacesDetected, NoFaceDetected
from face_engine.alignment import CROP_SIZE_PX
from face_engine.damage import check_soundness, keep_sound_faces
from face_engine.deepface_compat.clients import ArcFace, extract_face, resize_image
from face_engine.deepface_compat.face_finder import FaceFinder, to_area, to_bgr
from face_engine.detection.rotation import turn_back
from face_engine.faces import Embedding, Extraction, ExtractionOptions, Face, Photo, RGBImage


@dataclass(frozen=True, slots=True)
class ArcFaceEmbedder:
    """Embeds crops as the network was trained (Deng et al., arXiv 1801.07698): RGB, -1 to 1."""

    network: ArcFace

    def embed(self, crop_rgb: RGBImage) -> Embedding:
        """Returns the embedding of a (112, 112, 3) crop.

        Raises:
            ModelFailed: the network's output has no direction.
        """
        pixels = crop_rgb[np.newaxis].astype(np.float32)
        return run(self.network, (pixels - np.float32(127.5)) / np.float32(128))


@dataclass(frozen=True, slots=True)
class ArcFaceExtractor:
    """Detects, aligns and embeds as DeepFace does.

    Args:
        network: ArcFace.
        finder: finds the faces.
        weights_identity: names the weights.
    """

    network: ArcFace
    finder: FaceFinder
    weights_identity: str

    @property
    def identity(self) -> str:
        """Weights and preprocessing of an aligned face's embedding."""
        return f"{self.weights_identity}/{self.finder.name}/deepface"

    def extract(self, photo: Photo, options: ExtractionOptions) -> Extraction:
        """Finds the most prominent face of a photo, the one with the largest box, and embeds it.

        Raises:
            NoFaceDetected, MultipleFacesDetected: as `options.enforce_detection` asks; the former
                also when the photo is damaged and no face is wholly in its sound part.
            ModelFailed: the network gave no valid vector.
            TimedOut: `options.deadline` has passed.
        """
        check_soundness(photo)
        faces = self.finder.find(photo.rgb, border=options.align)
        faces = keep_sound_faces(faces, photo)
        options.deadline.check()
        if options.enforce_detection and not faces:
            raise NoFaceDetected
        if options.enforce_detection and len(faces) > 1:
            raise MultipleFacesDetected(len(faces))
        if not faces:
            embed = options.embed_without_face
            return Extraction(
                embedding=self._embed(to_bgr(photo.rgb, border=False)[0]) if embed else None,
                face_count=0,
                confidence=0.0,
                area=photo.whole,
                model=f"{self.weights_identity}/{self.finder.name}/deepface-box",
            )
        face = max(faces, key=lambda face: face.area)
        alignment = "deepface" if options.align else "deepface-box"
        return Extraction(
            embedding=self._embed_face(photo.rgb, face, options.align),
            face_count=len(faces),
            confidence=face.score,
            area=photo.box_of(face),
            model=f"{self.weights_identity}/{face.detector}/{alignment}",
            warnings=photo.warnings,
        )

    def _embed_face(self, image_rgb: RGBImage, face: Face, align: bool) -> Embedding:
        image, dx, dy = to_bgr(np.rot90(image_rgb, face.quarter_turns), border=align)
        # Rotating back by 4 - n quarters rotates forward by n.
        upright = turn_back(face, -face.quarter_turns % 4, image_rgb.shape)
        cut = extract_face(
            facial_area=to_area(upright, dx, dy),
            img=image,
            align=align,
            expand_percentage=0,
            width_border=dx,
            height_border=dy,
            detector_backend=self.finder.name,
        )
        return self._embed(cut.img)

    def _embed(self, face_bgr: NDArray[np.uint8]) -> Embedding:
        """Embeds a cut-out of any size, as `represent` does with normalization "base"."""
        if not face_bgr.size:
            raise ModelFailed
        scaled = face_bgr / 255 if face_bgr.max() > 1 else face_bgr
        crop = resize_image(img=_thicken(scaled), target_size=(CROP_SIZE_PX, CROP_SIZE_PX))
        return run(self.network, crop)


def _thicken(image: NDArray[Any]) -> NDArray[Any]:
    """Returns an image of which a pixel is left in both directions when it is made to fit a crop.

    Of one more than 112 times as long as wide, DeepFace's `resize_image` leaves none, and fails.
    """
    rows, columns = image.shape[:2]
    if int(min(rows, columns) * CROP_SIZE_PX / max(rows, columns)) >= 1:
        return image
    least = max(rows, columns) // CROP_SIZE_PX + 1
    return np.asarray(cv2.resize(image, (max(columns, least), max(rows, least))))


def run(network: ArcFace, batch: NDArray[np.float32]) -> Embedding:
    """Returns the network's vector, at its own length.

    Args:
        network: ArcFace.
        batch: (1, 112, 112, 3).

    Raises:
        ModelFailed: it has no direction.
    """
    vector: Embedding = np.asarray(network.predict(batch)[0], np.float32)
    if not (np.isfinite(vector).all() and vector.any()):
        raise ModelFailed
    return vector
