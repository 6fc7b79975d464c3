"""Finds faces with DeepFace's detectors, in photos that may be turned."""

from dataclasses import dataclass, replace

import numpy as np

from face_engine.deepface_compat.clients import Detector as DeepFaceDetector
from face_engine.deepface_compat.clients import FacialAreaRegion
from face_engine.detection.overlap import is_same_face
from face_engine.detection.rotation import MIN_OTHER_TURN_SCORE, turn_back
from face_engine.faces import Detector, Face
from face_engine.views import Bordered, Views

# DeepFace's detectors scale an image to at most 640 (YuNet) or 1980 pixels, and fail when its
# shorter side is gone then.
MAX_PROPORTION = 320
# Of a face that is one pixel wide, DeepFace's alignment may leave nothing.
MIN_FACE_PX = 2


@dataclass(frozen=True, slots=True)
class DeepFaceLocator:
    """Finds faces as DeepFace does, after rotating the photo if its largest face is turned.

    Args:
        client: a detector of DeepFace's.
        turning: finds the faces of all turns. It decides which way is up, and adds the faces that
            `client` misses. None does without both, as DeepFace itself.
        has_border: whether faces that will be aligned are searched in a black border, as DeepFace
            does before its own alignment.
    """

    client: DeepFaceDetector
    turning: Detector | None
    has_border: bool = True

    def locate(self, views: Views, *, align: bool) -> list[Face]:
        """Returns the faces of a photo in its own pixels, best score first, none twice."""
        others = self.turning.detect(views.rgb) if self.turning else []
        # RetinaFace is as sure of faces upside down, and too slow to be asked in every turn.
        turns = max(others, key=lambda face: face.area).quarter_turns if others else 0
        turned = [face for face in others if face.quarter_turns != turns]
        faces = [
            face
            for face in self._detect(views, turns, has_border=self.has_border and align)
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

    def _detect(self, views: Views, quarter_turns: int, *, has_border: bool) -> list[Face]:
        rows, columns = views.rgb.shape[:2]
        if min(rows, columns) * MAX_PROPORTION < max(rows, columns):
            return []
        view = views.bordered(quarter_turns, has_border=has_border)
        upright_shape = (columns, rows) if quarter_turns % 2 else (rows, columns)
        return [
            turn_back(to_face(area, view), quarter_turns, upright_shape)
            for area in self.client.detect_faces(view.bgr)
            if min(area.w, area.h) >= MIN_FACE_PX
        ]


def to_face(area: FacialAreaRegion, view: Bordered) -> Face:
    """Returns what DeepFace found in a bordered image, in the pixels of the image inside.

    DeepFace's YuNet gives no landmarks but the eyes, which its alignment needs: the others are NaN.
    """
    points = (area.right_eye, area.left_eye, area.nose, area.mouth_right, area.mouth_left)
    landmarks = np.array([(np.nan, np.nan) if point is None else point for point in points])
    left, top = float(area.x - view.dx), float(area.y - view.dy)
    score = min(max(float(area.confidence), 0.0), 1.0)
    return Face(left, top, left + area.w, top + area.h, score, landmarks - (view.dx, view.dy))


def to_area(face: Face, view: Bordered) -> FacialAreaRegion:
    """Returns a face as DeepFace describes it, in the pixels of the bordered image."""
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
