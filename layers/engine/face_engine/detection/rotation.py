"""Finds faces that are sideways or upside down, without EXIF.

YuNet also detects rotated faces, but with meaningless landmarks that look upright. Only its score
shows the right rotation, so each face is searched in several rotations and the best is kept.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from face_engine.detection.overlap import group_detections, intersection_over_union, is_same_face
from face_engine.detection.scaling import Scaled, shrink
from face_engine.detection.tilt import CONVINCING_SCORE
from face_engine.faces import Detector, Face, RGBImage
from face_engine.views import rotate

QUARTER_TURNS = (1, 2, 3)
# If the photo has a convincing upright face, the other rotations are first searched at this size.
# It shows every rotated face that takes 5 % or more of the photo's longer side, in a tenth of the
# time of full size.
PREVIEW_SIDE_PX = 320
# In the preview, the right rotation may score this much less than the wrong one at full size.
PREVIEW_TOLERANCE = 0.05
# In photos of upright people, false detections in other rotations scored at most 0.79 (12 photos,
# 5 sizes).
MIN_OTHER_ROTATION_SCORE = 0.85
# A detection is spurious if it overlaps a better one in another rotation and scores clearly lower:
# a neck and half a face, seen sideways, scored 0.86 against the real face's 0.94 (IoU 0.14).
# Overlap alone is not enough: a real small face in front of a rotated one overlaps as much.
MAX_SPURIOUS_IOU = 0.1
MIN_SPURIOUS_GAP = 0.05
# Rotations of one face are compared in crops of fixed size: (size of the face, side of the crop).
# There the scores differ more than in the photo, where they depend on the size of the face.
COMPARED_SIZES_PX = ((60, 160), (100, 224))


@dataclass(frozen=True, slots=True)
class RotationSearch:
    """Finds the faces of a photo in all four rotations.

    Args:
        detector: finds faces in upright images.
    """

    detector: Detector

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces of all rotations in the given image's pixels, best score first."""
        return self.add_rotated(image_rgb, self.detector.detect(image_rgb))

    def add_rotated(self, image_rgb: RGBImage, upright: list[Face]) -> list[Face]:
        """Adds the faces of the other rotations to those found in the image as it is.

        Args:
            image_rgb: the photo.
            upright: its faces with `quarter_turns` 0, best score first.
        """
        is_convincing = bool(upright) and upright[0].score >= CONVINCING_SCORE
        preview = shrink(image_rgb, PREVIEW_SIDE_PX) if is_convincing else None
        rotated: list[Face] = []
        for quarter_turns in QUARTER_TURNS:
            if preview is None or self._may_matter(image_rgb, preview, quarter_turns, upright):
                rotated += self._detect(image_rgb, quarter_turns)
        return self._choose_rotations(image_rgb, [*upright, *rotated]) if rotated else upright

    def _may_matter(
        self, image_rgb: RGBImage, preview: Scaled, quarter_turns: int, upright: list[Face]
    ) -> bool:
        """Whether a small copy shows a face in this rotation that may matter.

        It does if it is new, or if it may be a better view of each face that it covers.
        """
        previewed = [
            face.scaled(preview.x_scale, preview.y_scale)
            for face in self._detect(preview.rgb, quarter_turns)
        ]
        return any(
            all(
                not is_same_face(face, known) or self._may_be_better(image_rgb, face, known)
                for known in upright
            )
            for face in previewed
        )

    def _may_be_better(self, image_rgb: RGBImage, face: Face, known: Face) -> bool:
        """Whether a face of the preview may show the right rotation of a known upright face.

        Upside down, many upright faces score almost as high. Crops show which rotation is right,
        in a fraction of the time of a search at full size.
        """
        if face.score < known.score - PREVIEW_TOLERANCE:
            return False
        scores = self._compare_rotations(image_rgb, known, [0, face.quarter_turns])
        return scores[face.quarter_turns] >= scores[0]

    def _detect(self, image_rgb: RGBImage, quarter_turns: int) -> list[Face]:
        rotated = rotate(image_rgb, quarter_turns)
        return [
            rotate_back(face, quarter_turns, rotated.shape)
            for face in self.detector.detect(rotated)
        ]

    def _choose_rotations(self, image_rgb: RGBImage, detections: list[Face]) -> list[Face]:
        main = max(detections, key=lambda face: face.score).quarter_turns
        faces = []
        for group in group_detections(detections):
            face = group[0]
            # Sorted best first: in reverse, the best face of each rotation overwrites the others.
            by_rotation = {face.quarter_turns: face for face in reversed(group)}
            if len(by_rotation) > 1:
                scores = self._compare_rotations(image_rgb, face, list(by_rotation))
                face = max(
                    by_rotation.values(),
                    key=lambda f: (scores[f.quarter_turns], f.quarter_turns == main, f.score),
                )
            if face.quarter_turns == main or face.score >= MIN_OTHER_ROTATION_SCORE:
                faces.append(face)
        faces.sort(key=lambda face: face.score, reverse=True)
        return [face for i, face in enumerate(faces) if not _is_spurious(face, faces[:i])]

    def _compare_rotations(
        self, image_rgb: RGBImage, face: Face, rotations: list[int]
    ) -> dict[int, float]:
        """Returns the score of a face in each rotation, summed over `COMPARED_SIZES_PX`."""
        scores = dict.fromkeys(rotations, 0.0)
        for face_px, side_px in COMPARED_SIZES_PX:
            crop = _crop_around(image_rgb, face, face_px, side_px)
            for quarter_turns in rotations:
                rotated = rotate(crop, quarter_turns)
                scores[quarter_turns] += max(
                    (
                        found.score
                        for found in self.detector.detect(rotated)
                        if _is_central(found, face_px, side_px)
                    ),
                    default=0.0,
                )
        return scores


def _is_spurious(face: Face, better: list[Face]) -> bool:
    """Whether a face is only a part of a better face, seen in another rotation."""
    return any(
        face.quarter_turns != other.quarter_turns
        and intersection_over_union(face, other) > MAX_SPURIOUS_IOU
        and face.score < other.score - MIN_SPURIOUS_GAP
        for other in better
    )


def _crop_around(image_rgb: RGBImage, face: Face, face_px: int, side_px: int) -> RGBImage:
    """Returns a square crop centred on a face; pixels outside of the image are black."""
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
    """Whether a face found in a crop is the face that the crop is centred on."""
    x, y = (face.left + face.right - side_px) / 2, (face.top + face.bottom - side_px) / 2
    return bool(np.hypot(x, y) < face_px / 2)


def rotate_back(face: Face, quarter_turns: int, shape: tuple[int, ...]) -> Face:
    """Maps a face found in a rotated image to the pixels of the original image.

    Args:
        face: found in the rotated image.
        quarter_turns: how far the image was rotated, counter-clockwise.
        shape: rows and columns of the rotated image.
    """
    # Box edges range from 0 to `rows`, pixel centres from 0 to `rows - 1`.
    edges = np.array([(face.left, face.top), (face.right, face.bottom)])
    centres = face.landmarks
    rows, columns = shape[:2]
    for _ in range(quarter_turns):
        # Row r of the rotated image was the r-th column from the right before this turn.
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
