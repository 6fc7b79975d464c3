"""Finds faces with DeepFace's detectors, in photos that may be rotated."""

from dataclasses import dataclass, replace

import numpy as np

from face_engine.deepface_compat.clients import Detector as DeepFaceDetector
from face_engine.deepface_compat.clients import FacialAreaRegion
from face_engine.detection.overlap import is_same_face
from face_engine.detection.rotation import MIN_OTHER_ROTATION_SCORE, rotate_back
from face_engine.faces import Detector, Face
from face_engine.views import Bordered, Views

# DeepFace's detectors scale an image to at most 640 (YuNet) or 1980 pixels, and fail if its shorter
# side becomes zero.
MAX_PROPORTION = 320
# DeepFace's alignment may leave nothing of a face that is one pixel wide.
MIN_FACE_PX = 2


@dataclass(frozen=True, slots=True)
class DeepFaceLocator:
    """Finds faces as DeepFace does, after rotating the photo if its largest face is rotated.

    Args:
        client: one of DeepFace's detectors.
        rotation_search: finds the faces of all rotations. It decides how to rotate the photo, and
            adds the faces that `client` misses. With None, neither is done, as in DeepFace itself.
        has_border: whether to search in a black border for faces that will be aligned, as DeepFace
            does before its own alignment.
    """

    client: DeepFaceDetector
    rotation_search: Detector | None
    has_border: bool = True

    def locate(self, views: Views, *, align: bool) -> list[Face]:
        """Returns the faces of a photo in its own pixels, best score first, without duplicates."""
        others = self.rotation_search.detect(views.rgb) if self.rotation_search else []
        # RetinaFace scores upside-down faces just as high, and is too slow to run in every
        # rotation.
        quarter_turns = max(others, key=lambda face: face.area).quarter_turns if others else 0
        otherwise_rotated = [face for face in others if face.quarter_turns != quarter_turns]
        faces = [
            face
            for face in self._detect(views, quarter_turns, has_border=self.has_border and align)
            if not any(is_same_face(face, other) for other in otherwise_rotated)
        ]
        # Without these, a person pictured on a card would be taken for the person holding it.
        missed = [
            replace(face, detector="yunet")
            for face in others
            if not any(is_same_face(face, found) for found in faces)
            and (not faces or face.score >= MIN_OTHER_ROTATION_SCORE)
        ]
        return sorted([*faces, *missed], key=lambda face: face.score, reverse=True)

    def _detect(self, views: Views, quarter_turns: int, *, has_border: bool) -> list[Face]:
        rows, columns = views.rgb.shape[:2]
        if min(rows, columns) * MAX_PROPORTION < max(rows, columns):
            return []
        view = views.bordered(quarter_turns, has_border=has_border)
        upright_shape = (columns, rows) if quarter_turns % 2 else (rows, columns)
        return [
            rotate_back(to_face(area, view), quarter_turns, upright_shape)
            for area in self.client.detect_faces(view.bgr)
            if min(area.w, area.h) >= MIN_FACE_PX
        ]


def to_face(area: FacialAreaRegion, view: Bordered) -> Face:
    """Converts a face found in a bordered image to the pixels of the image inside.

    DeepFace's YuNet finds only the eyes, which its alignment needs; other landmarks become NaN.
    """
    points = (area.right_eye, area.left_eye, area.nose, area.mouth_right, area.mouth_left)
    landmarks = np.array([(np.nan, np.nan) if point is None else point for point in points])
    left, top = float(area.x - view.dx), float(area.y - view.dy)
    score = min(max(float(area.confidence), 0.0), 1.0)
    return Face(left, top, left + area.w, top + area.h, score, landmarks - (view.dx, view.dy))


def to_area(face: Face, view: Bordered) -> FacialAreaRegion:
    """Converts a face to DeepFace's form, in the pixels of the bordered image."""
    left, top = int(face.left), int(face.top)
    right_eye, left_eye = ((int(x) + view.dx, int(y) + view.dy) for x, y in face.landmarks[:2])
    return FacialAreaRegion(
        x=left + view.dx,
        y=top + view.dy,
        w=int(face.right) - left,
        h=int(face.bottom) - top,
        left_eye=left_eye,
        right_eye=right_eye,
        confidence=face.score,
    )
