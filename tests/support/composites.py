"""Composes photos from the test portraits, so that the faces in them are known."""

import random
from dataclasses import dataclass

import cv2
import numpy as np

from face_engine.faces import BoundingBox, Face, Photo, RGBImage

# On a smaller portrait, a card would be too small to show a face.
MIN_HOLDER_PX = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """An upright portrait, its person, and the face in it."""

    image_rgb: RGBImage
    person: str
    face: Face


@dataclass(frozen=True, slots=True)
class Placed:
    """A subject placed in a composite.

    `face_px` is the square root of the area of the face's box. `head` is the pasted rectangle: top,
    left, bottom, right.
    """

    subject: Subject
    quarter_turns: int
    face_px: float
    head: tuple[int, int, int, int]

    def holds(self, box: BoundingBox) -> bool:
        """Returns whether the centre of a box lies inside the head."""
        top, left, bottom, right = self.head
        return left < box.x + box.w / 2 < right and top < box.y + box.h / 2 < bottom


def whole_photo(image_rgb: RGBImage) -> Photo:
    """Returns pixels as the photo that the extractor takes, neither shrunk nor damaged."""
    return Photo(image_rgb, image_rgb.shape[1], image_rgb.shape[0])


def cut_head(subject: Subject, margin: float) -> RGBImage:
    """Returns the face with a margin: a share of its size on each side."""
    face, (rows, columns) = subject.face, subject.image_rgb.shape[:2]
    dx, dy = margin * (face.right - face.left), margin * (face.bottom - face.top)
    return subject.image_rgb[
        max(int(face.top - dy), 0) : min(int(face.bottom + dy), rows),
        max(int(face.left - dx), 0) : min(int(face.right + dx), columns),
    ]


def resize(image_rgb: RGBImage, scale: float) -> RGBImage:
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(image_rgb, None, fx=scale, fy=scale, interpolation=interpolation)
    return np.asarray(resized, np.uint8)


def hold_up_card(
    holder: Subject, other: Subject, rng: random.Random
) -> tuple[RGBImage, float] | None:
    """Places a card, a phone or a child in front of the holder's face; returns photo and scale.

    The smaller face overlaps the larger face's box without hiding its eyes, nose or mouth. Returns
    None if it would hide one.
    """
    face = holder.face
    width, height = face.right - face.left, face.bottom - face.top
    head = cut_head(other, rng.choice([0.1, 0.35]))
    card = resize(head, height * rng.uniform(0.2, 0.5) / head.shape[0])
    if frame_px := rng.choice([0, 3, 8]):
        white = rng.choice([(255, 255, 255), (20, 20, 20)])
        sides = (frame_px, frame_px, frame_px, frame_px)
        framed = cv2.copyMakeBorder(card, *sides, cv2.BORDER_CONSTANT, value=white)
        card = np.asarray(framed, np.uint8)
    rows, columns = card.shape[:2]
    x = round(face.left + width * rng.random() - columns / 2)
    y = round(face.top + height * rng.random() - rows / 2)
    image = holder.image_rgb.copy()
    x = min(max(x, 0), image.shape[1] - columns)
    y = min(max(y, 0), image.shape[0] - rows)
    room = 0.08 * width
    xs, ys = face.landmarks.T
    hides = (x - room < xs) & (xs < x + columns + room) & (y - room < ys) & (ys < y + rows + room)
    if hides.any():
        return None
    image[y : y + rows, x : x + columns] = card
    scale = rng.choice([0.5, 1, 1, 1.6, 2.2])
    return resize(image, scale), scale


def compose_card(subjects: list[Subject], rng: random.Random) -> tuple[RGBImage, Subject, float]:
    """Returns a photo by `hold_up_card`, the subject who holds the card, and its scale."""
    large = [subject for subject in subjects if subject.image_rgb.shape[0] > MIN_HOLDER_PX]
    while True:
        holder = rng.choice(large)
        other = rng.choice([s for s in subjects if s.person != holder.person])
        if composed := hold_up_card(holder, other, rng):
            return composed[0], holder, composed[1]


def scatter(subjects: list[Subject], rng: random.Random) -> tuple[RGBImage, list[Placed]]:
    """Returns a photo of one to three people, each with their own size, rotation and tilt."""
    rows = rng.choice([600, 900, 1400, 2000])
    columns = int(rows * rng.choice([0.75, 1, 1.4]))
    canvas = np.empty((rows, columns, 3), np.uint8)
    noise = np.frombuffer(rng.randbytes(3 * 3 * 3), np.uint8).reshape(3, 3, 3)
    canvas[:] = cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC)
    placed: list[Placed] = []
    for subject in rng.sample(subjects, rng.choice([1, 2, 2, 3])):
        quarter_turns, tilt = rng.choice([0, 0, 1, 2, 3]), rng.choice([0, 0, -12, 12])
        head = cut_head(subject, rng.choice([0.3, 0.45, 0.6]))
        centre = head.shape[1] / 2, head.shape[0] / 2
        tilted = cv2.warpAffine(
            head,
            cv2.getRotationMatrix2D(centre, tilt, 1),
            (head.shape[1], head.shape[0]),
            borderMode=cv2.BORDER_REPLICATE,
        )
        head = np.ascontiguousarray(np.rot90(np.asarray(tilted, np.uint8), -quarter_turns))
        scale = min(rows, columns) * rng.uniform(0.2, 0.75) / max(head.shape)
        head = resize(head, scale)
        for _ in range(20):
            top = rng.randrange(rows - head.shape[0])
            left = rng.randrange(columns - head.shape[1])
            bottom, right = top + head.shape[0], left + head.shape[1]
            place = (top, left, bottom, right)
            if not any(_overlap(place, other.head) for other in placed):
                canvas[top:bottom, left:right] = head
                face_px = scale * float(np.sqrt(subject.face.area))
                placed.append(Placed(subject, quarter_turns, face_px, place))
                break
    return canvas, placed


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    """Returns whether two rectangles (top, left, bottom, right) share pixels."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
