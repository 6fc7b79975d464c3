"""How well a photo shows a face: size, sharpness, roll and yaw."""

from dataclasses import dataclass

import cv2
import numpy as np

from face_engine.alignment import align_known, crop_face
from face_engine.faces import Face, Landmarks, Photo, RGBImage

# How far the nose tip is in front of the eyes, in halves of the distance between them: in the mean
# face of Deng et al. (arXiv 1903.08527), the eyes are at x = ±0.311, z = 0.133 and the nose tip at
# z = 0.552.
NOSE_DEPTH = 1.35


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a photo shows a face.

    Attributes:
        face_px: shorter side of its box, in pixels of the photo.
        sharpness: see `measure_sharpness`.
        roll_degrees: see `roll_degrees`.
        yaw_degrees: see `yaw_degrees`.
    """

    face_px: int
    sharpness: float
    roll_degrees: float
    yaw_degrees: float | None


def measure_quality(photo: Photo, face: Face) -> Quality:
    """Measures how well a photo shows one of its faces."""
    box = photo.box_of(face)
    landmarks = photo.landmarks_of(face)
    try:
        crop = align_known(photo.rgb, face)
    except ValueError:
        # The eyes of a tiny face can be one point.
        crop = crop_face(photo.rgb, face)
    return Quality(
        face_px=min(box.w, box.h),
        sharpness=measure_sharpness(crop),
        roll_degrees=roll_degrees(landmarks),
        yaw_degrees=yaw_degrees(landmarks),
    )


def measure_sharpness(crop_rgb: RGBImage) -> float:
    """Returns the variance of the Laplacian of an aligned crop, from its luma.

    A common measure of focus: Pech-Pacheco et al., ICPR 2000; LAPV in Pertuz et al., Pattern
    Recognition 46(5), 2013. The crop has the same size for every face, so a small face that is
    enlarged to it counts as blurred.

    Args:
        crop_rgb: (112, 112, 3) uint8 RGB.
    """
    luma = cv2.cvtColor(crop_rgb, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(luma, cv2.CV_64F).var())


def roll_degrees(landmarks: Landmarks) -> float:
    """Returns the clockwise rotation of the line through the eyes, in (-180, 180]; 0 is upright.

    Args:
        landmarks: (5, 2) x and y in pixels; only the eyes are used.
    """
    x, y = landmarks[1] - landmarks[0]
    return float(np.degrees(np.arctan2(y, x)))


def yaw_degrees(landmarks: Landmarks) -> float | None:
    """Returns how far a face turns to the side, in [-90, 90]; None if its nose is unknown.

    0 looks at the camera; positive looks to the right of the image. Weak perspective: when a head
    turns by ψ, half of the distance e between its eyes appears as e cos ψ, and a nose tip at depth
    d appears d sin ψ beside the middle of the eyes. Their ratio is d/e tan ψ.

    Args:
        landmarks: (5, 2) x and y in pixels; the eyes and the nose tip are used.
    """
    right_eye, left_eye, nose = landmarks[:3]
    if np.isnan(nose).any():
        return None
    across = left_eye - right_eye
    length = np.hypot(*across)
    # Both eyes at one point: nothing shows the direction.
    if length == 0:
        return None
    aside = (nose - (left_eye + right_eye) / 2) @ across / length
    return float(np.degrees(np.arctan2(aside, NOSE_DEPTH * length / 2)))
