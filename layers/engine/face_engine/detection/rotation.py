"""Finds faces that lie on a side or stand on their head, without EXIF.

YuNet finds turned faces too, with landmarks that mean nothing: they look upright. Only its score
is evidence of the right turn, so each face is looked at in several turns and the best one is kept.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from face_engine.detection.overlap import group_detections, intersection_over_union, is_same_face
from face_engine.detection.tilt import CONVINCING_SCORE
from face_engine.faces import Detector, Face, RGBImage

QUARTER_TURNS = (1, 2, 3)
# All turns of a photo with a convincing upright face are looked at in this size: it shows every
# turned face of 5 % of the photo's longer side and more, in a tenth of the time of full size.
GLANCE_SIDE_PX = 320
# A face may score as much less in the right turn at a glance than in the wrong one at full size.
GLANCE_TOLERANCE = 0.05
# Where people are upright, other turns found nothing but them above 0.79 (12 photos, 5 sizes).
MIN_OTHER_TURN_SCORE = 0.85
# Seen sideways, a neck and half a face scored 0.86 beside that face's 0.94 (overlap 0.14). A small
# upright face in front of a turned one overlaps as much, but scores as well.
MAX_ECHO_IOU = 0.1
MIN_ECHO_GAP = 0.05
# Two turns of one face are compared in crops of one size, the face as large and the crop as wide:
# the scores differ more there than in the photo, where they depend on the face's size.
COMPARED_SIZES_PX = ((60, 160), (100, 224))


@dataclass(frozen=True, slots=True)
class TurningDetector:
    """Finds the faces of a photo, each in its own turn.

    Args:
        detector: finds faces in upright images.
    """

    detector: Detector

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces of all turns, in the given image's pixels, best score first."""
        return self.add_turned(image_rgb, self.detector.detect(image_rgb))

    def add_turned(self, image_rgb: RGBImage, upright: list[Face]) -> list[Face]:
        """Returns the faces of all turns, given those that were found in the image as it is.

        Args:
            image_rgb: the photo.
            upright: its faces in `quarter_turns` 0, best score first.
        """
        is_convincing = bool(upright) and upright[0].score >= CONVINCING_SCORE
        turned: list[Face] = []
        for quarter_turns in QUARTER_TURNS:
            if is_convincing and not self._glance(image_rgb, quarter_turns, upright):
                continue
            turned += self._detect(image_rgb, quarter_turns)
        return self._choose_turns(image_rgb, [*upright, *turned]) if turned else upright

    def _glance(self, image_rgb: RGBImage, quarter_turns: int, upright: list[Face]) -> bool:
        """Whether a small copy has faces in a turn that are not, or not as well, seen upright."""
        rows, columns = image_rgb.shape[:2]
        scale = min(1.0, GLANCE_SIDE_PX / max(rows, columns))
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        small = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA)
        glanced = [
            face.scaled(columns / size[0], rows / size[1])
            for face in self._detect(np.asarray(small, np.uint8), quarter_turns)
        ]
        return any(
            all(
                not is_same_face(face, known) or face.score >= known.score - GLANCE_TOLERANCE
                for known in upright
            )
            for face in glanced
        )

    def _detect(self, image_rgb: RGBImage, quarter_turns: int) -> list[Face]:
        turned = np.ascontiguousarray(np.rot90(image_rgb, quarter_turns))
        return [
            turn_back(face, quarter_turns, turned.shape) for face in self.detector.detect(turned)
        ]

    def _choose_turns(self, image_rgb: RGBImage, detections: list[Face]) -> list[Face]:
        main = max(detections, key=lambda face: face.score).quarter_turns
        faces = []
        for group in group_detections(detections):
            face = group[0]
            # Best score first, so what is noted last for a turn is its best.
            by_turn = {face.quarter_turns: face for face in reversed(group)}
            if len(by_turn) > 1:
                scores = self._compare_turns(image_rgb, face, list(by_turn))
                face = max(
                    by_turn.values(),
                    key=lambda f: (scores[f.quarter_turns], f.quarter_turns == main, f.score),
                )
            if face.quarter_turns == main or face.score >= MIN_OTHER_TURN_SCORE:
                faces.append(face)
        faces.sort(key=lambda face: face.score, reverse=True)
        return [face for i, face in enumerate(faces) if not _is_echo(face, faces[:i])]

    def _compare_turns(self, image_rgb: RGBImage, face: Face, turns: list[int]) -> dict[int, float]:
        """Returns how well a face scores in each turn, summed over `COMPARED_SIZES_PX`."""
        scores = dict.fromkeys(turns, 0.0)
        for face_px, side_px in COMPARED_SIZES_PX:
            crop = _crop_around(image_rgb, face, face_px, side_px)
            for quarter_turns in turns:
                turned = np.ascontiguousarray(np.rot90(crop, quarter_turns))
                scores[quarter_turns] += max(
                    (
                        found.score
                        for found in self.detector.detect(turned)
                        if _is_central(found, face_px, side_px)
                    ),
                    default=0.0,
                )
        return scores


def _is_echo(face: Face, better: list[Face]) -> bool:
    """Whether a face is a part of a better one that looks like a face in another turn."""
    return any(
        face.quarter_turns != other.quarter_turns
        and intersection_over_union(face, other) > MAX_ECHO_IOU
        and face.score < other.score - MIN_ECHO_GAP
        for other in better
    )


def _crop_around(image_rgb: RGBImage, face: Face, face_px: int, side_px: int) -> RGBImage:
    """Returns a square crop with a face in its middle; what lies outside of the image is black."""
    half = np.sqrt(face.area) * side_px / face_px / 2
    x, y = (face.left + face.right) / 2, (face.top + face.bottom) / 2
    left, top, right, bottom = (round(v) for v in (x - half, y - half, x + half, y + half))
    rows, columns = image_rgb.shape[:2]
    inside = image_rgb[max(top, 0) : min(bottom, rows), max(left, 0) : min(right, columns)]
    scale = side_px / max(right - left, 1)
    size = max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(inside, size, interpolation=interpolation)
    crop = np.zeros((side_px, side_px, 3), np.uint8)
    y_start, x_start = round(max(-top, 0) * scale), round(max(-left, 0) * scale)
    target = crop[y_start : y_start + size[1], x_start : x_start + size[0]]
    target[:] = resized[: target.shape[0], : target.shape[1]]
    return crop


def _is_central(face: Face, face_px: int, side_px: int) -> bool:
    """Whether a face found in a crop is the one that the crop was made around."""
    x, y = (face.left + face.right - side_px) / 2, (face.top + face.bottom - side_px) / 2
    return bool(np.hypot(x, y) < face_px / 2)


def turn_back(face: Face, quarter_turns: int, shape: tuple[int, ...]) -> Face:
    """Returns a face that was found in a turned image in the pixels of the image before.

    Args:
        face: found in the turned image.
        quarter_turns: how many, counter-clockwise, turned it.
        shape: rows and columns of the turned image.
    """
    # Edges of pixels count from 0 to the number of rows, their centres to one less.
    edges = np.array([(face.left, face.top), (face.right, face.bottom)])
    centres = face.landmarks
    rows, columns = shape[:2]
    for _ in range(quarter_turns):
        # A column of the image before, counted from the right, became a row.
        edges = np.stack([rows - edges[:, 1], edges[:, 0]], axis=1)
        centres = np.stack([rows - 1 - centres[:, 1], centres[:, 0]], axis=1)
        rows, columns = columns, rows
    (left, top), (right, bottom) = edges.min(axis=0), edges.max(axis=0)
    return replace(
        face,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        landmarks=centres,
        quarter_turns=quarter_turns,
    )
