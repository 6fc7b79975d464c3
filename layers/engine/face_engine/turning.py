"""Finds faces in photos that lie on a side or on their head without an EXIF orientation."""

from dataclasses import dataclass, replace

import numpy as np

from face_engine.faces import Detector, Face, Landmarks, RGBImage

# YuNet finds faces in turned photos too, with landmarks that mean nothing. On the twelve photos of
# the tests at three sizes each, the best face scores 0.91 and more when the photo is upright and
# 0.91 and less when it is not; the upright turn always has the best one.
CONVINCING_SCORE = 0.92


@dataclass(frozen=True, slots=True)
class TurningDetector:
    """Looks at all four turns of a photo, unless its best face is convincing as it is.

    Args:
        detector: finds faces in upright images.
    """

    detector: Detector

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces of the best turn, in the given image's pixels, best score first."""
        best = self.detector.detect(image_rgb)
        if _best_score(best) >= CONVINCING_SCORE:
            return best
        for quarter_turns in (1, 2, 3):
            turned = np.ascontiguousarray(np.rot90(image_rgb, quarter_turns))
            faces = self.detector.detect(turned)
            if _best_score(faces) > _best_score(best):
                best = [turn_back(face, quarter_turns, turned.shape) for face in faces]
        return best


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
