"""Finds faces by one of DeepFace's detectors, in photos that may be turned."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.deepface_compat.clients import Detector as DeepFaceDetector
from face_engine.deepface_compat.clients import FacialAreaRegion
from face_engine.detection.overlap import is_same_face
from face_engine.detection.rotation import MIN_OTHER_TURN_SCORE, turn_back
from face_engine.faces import Detector, Face, RGBImage

BGRImage = NDArray[np.uint8]

# DeepFace's detectors scale an image to at most 640 (YuNet) or 1980 pixels, and fail when its
# shorter side is gone then.
MAX_PROPORTION = 320
# Of a face that is one pixel wide, DeepFace's alignment may leave nothing.
MIN_FACE_PX = 2


@dataclass(frozen=True, slots=True)
class FaceFinder:
    """Finds faces as DeepFace does, after rotating the photo if its largest face is turned.

    Args:
        client: a detector of DeepFace's.
        name: "retinaface" or "yunet".
        turning: finds the faces of all turns. It decides which way is up, and adds the faces that
            `client` misses. None does without both, as DeepFace itself.
    """

    client: DeepFaceDetector
    name: str
    turning: Detector | None

    def find(self, image_rgb: RGBImage, border: bool) -> list[Face]:
        """Returns the faces of a photo in its own pixels, best score first, none twice.

        Args:
            image_rgb: the photo.
            border: look at it inside of a black border, as DeepFace does when it aligns.
        """
        others = self.turning.detect(image_rgb) if self.turning else []
        # RetinaFace is as sure of faces upside down, and too slow to be asked in every turn.
        turns = max(others, key=lambda face: face.area).quarter_turns if others else 0
        turned = [face for face in others if face.quarter_turns != turns]
        faces = [
            face
            for face in self._detect(image_rgb, turns, border)
            if not any(is_same_face(face, other) for other in turned)
        ]
        # Without these, the person on a card would be taken for the one who holds it up.
        missed = [
            replace(face, detector="yunet")
            for face in others
            if not any(is_same_face(face, found) for found in faces)
            and (not faces or face.score >= MIN_OTHER_TURN_SCORE)
        ]
        return sorted([*faces, *missed], key=lambda face: face.score, reverse=True)

    def _detect(self, image_rgb: RGBImage, quarter_turns: int, border: bool) -> list[Face]:
        if min(image_rgb.shape[:2]) * MAX_PROPORTION < max(image_rgb.shape[:2]):
            return []
        upright = np.rot90(image_rgb, quarter_turns)
        image, dx, dy = to_bgr(upright, border)
        return [
            replace(
                turn_back(to_face(area, dx, dy), quarter_turns, upright.shape), detector=self.name
            )
            for area in self.client.detect_faces(image)
            if min(area.w, area.h) >= MIN_FACE_PX
        ]


@dataclass(frozen=True, slots=True)
class FinderDetector:
    """A finder in the role of a detector of faces with five landmarks: RetinaFace's."""

    finder: FaceFinder

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces in the given image's pixels, best score first."""
        return self.finder.find(image_rgb, border=False)


def to_bgr(image_rgb: RGBImage, border: bool) -> tuple[BGRImage, int, int]:
    """Returns an image as DeepFace takes it, and where its left and top are then.

    Args:
        image_rgb: the image.
        border: half of its size in black is added on each side.
    """
    bgr: BGRImage = np.ascontiguousarray(image_rgb[:, :, ::-1])
    if not border:
        return bgr, 0, 0
    dy, dx = bgr.shape[0] // 2, bgr.shape[1] // 2
    bordered = cv2.copyMakeBorder(bgr, dy, dy, dx, dx, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return np.asarray(bordered, np.uint8), dx, dy


def to_face(area: FacialAreaRegion, dx: int, dy: int) -> Face:
    """Returns what DeepFace found; dx and dy are where the image's left and top were.

    DeepFace's YuNet gives no landmarks but the eyes, which its alignment needs: the others are NaN.
    """
    points = (area.right_eye, area.left_eye, area.nose, area.mouth_right, area.mouth_left)
    landmarks = np.array([(np.nan, np.nan) if point is None else point for point in points])
    left, top = float(area.x - dx), float(area.y - dy)
    score = min(max(float(area.confidence), 0.0), 1.0)
    return Face(left, top, left + area.w, top + area.h, score, landmarks - (dx, dy))


def to_area(face: Face, dx: int, dy: int) -> FacialAreaRegion:
    """Returns a face as DeepFace knows it; dx and dy are where the image's left and top will be."""
    left, top = int(face.left), int(face.top)
    right_eye, left_eye = ((int(x) + dx, int(y) + dy) for x, y in face.landmarks[:2])
    return FacialAreaRegion(
        x=left + dx,
        y=top + dy,
        w=int(face.right) - left,
        h=int(face.bottom) - top,
        left_eye=left_eye,
        right_eye=right_eye,
        confidence=face.score,
    )
