"""Finds faces in photos that lie on a side, stand on their head or are tilted, without EXIF."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from face_engine.alignment import ARCFACE_TEMPLATE, similarity_transform
from face_engine.faces import Detector, Face, Landmarks, RGBImage, drop_repeated

# YuNet finds faces in turned photos too, with landmarks that mean nothing. On the twelve photos of
# the tests at three sizes each, the best face scores 0.91 and more when the photo is upright and
# 0.91 and less when it is not; the upright turn always has the best one.
CONVINCING_SCORE = 0.92
# A face that scores less and is tilted by more is looked at again, upright: at 30 degrees the six
# portraits then lie 0.01 to 0.15 from themselves instead of 0.03 to 0.90 in cosine distance (but
# for one of 30 px between the eyes), and score 0.90 to 0.95 instead of 0.87 to 0.93.
LEAST_TILT_DEGREES = 5
MOST_STRAIGHTENINGS = 2


@dataclass(frozen=True, slots=True)
class TurningDetector:
    """Looks at all four turns of a photo, unless its best face is convincing as it is.

    Args:
        detector: finds faces in upright images.
    """

    detector: Detector

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces of the best turn, in the given image's pixels, best score first."""
        best: list[Face] = []
        for quarter_turns in range(4):
            turned = np.ascontiguousarray(np.rot90(image_rgb, quarter_turns))
            faces = self._detect_tilted(turned)
            if _best_score(faces) > _best_score(best):
                best = [turn_back(face, quarter_turns, turned.shape) for face in faces]
            if quarter_turns == 0 and _best_score(best) >= CONVINCING_SCORE:
                break
        return best

    def _detect_tilted(self, image_rgb: RGBImage) -> list[Face]:
        faces = self.detector.detect(image_rgb)
        for _ in range(MOST_STRAIGHTENINGS):
            if not faces or faces[0].score >= CONVINCING_SCORE:
                break
            tilt = tilt_degrees(faces[0])
            if abs(tilt) < LEAST_TILT_DEGREES:
                break
            again = self._detect_straightened(image_rgb, faces[0], tilt)
            if _best_score(again) <= faces[0].score:
                break
            faces = drop_repeated(faces, again)
        return faces

    def _detect_straightened(self, image_rgb: RGBImage, face: Face, tilt: float) -> list[Face]:
        """Detects in the image turned around the face, which so stays in it, by its tilt."""
        centre = (face.left + face.right) / 2, (face.top + face.bottom) / 2
        rotation = cv2.getRotationMatrix2D(centre, tilt, 1)
        rows, columns = image_rgb.shape[:2]
        straightened = np.asarray(cv2.warpAffine(image_rgb, rotation, (columns, rows)), np.uint8)
        back = cv2.invertAffineTransform(rotation)
        return [_map_face(found, np.asarray(back)) for found in self.detector.detect(straightened)]


def tilt_degrees(face: Face) -> float:
    """Returns by how much a face is turned clockwise, as its landmarks say."""
    transform = similarity_transform(face.landmarks, ARCFACE_TEMPLATE)
    return float(-np.degrees(np.arctan2(transform[1, 0], transform[0, 0])))


def _map_face(face: Face, transform: Landmarks) -> Face:
    """Moves a face by a (2, 3) rotation; its box keeps its size."""
    rotation, shift = transform[:, :2], transform[:, 2]
    centre = np.array([face.left + face.right, face.top + face.bottom]) / 2
    dx, dy = rotation @ centre + shift - centre
    return replace(
        face,
        left=face.left + dx,
        top=face.top + dy,
        right=face.right + dx,
        bottom=face.bottom + dy,
        landmarks=face.landmarks @ rotation.T + shift,
    )


def turn_back(face: Face, quarter_turns: int, shape: tuple[int, ...]) -> Face:
    """Returns a face that was found in a turned image in the pixels of the image before.

    Args:
        face: found in the turned image.
        quarter_turns: how many, counter-clockwise, turned it.
        shape: rows and columns of the turned image.
    """
    corners = np.array([(face.left, face.top), (face.right, face.bottom)])
    points: Landmarks = np.concatenate([corners, face.landmarks])
    rows, columns = shape[:2]
    for _ in range(quarter_turns):
        # A column of the image before, from the right, became a row.
        points = np.stack([rows - 1 - points[:, 1], points[:, 0]], axis=1)
        rows, columns = columns, rows
    (left, top), (right, bottom) = points[:2].min(axis=0), points[:2].max(axis=0)
    return replace(
        face,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        landmarks=points[2:],
        quarter_turns=quarter_turns,
    )


def _best_score(faces: list[Face]) -> float:
    return faces[0].score if faces else 0.0
