from collections.abc import Callable

import numpy as np
import pytest

from face_engine.detection.rotation import PREVIEW_SIDE_PX, RotationSearch, rotate_back
from face_engine.detection.tilt import CONVINCING_SCORE, StraighteningDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import Face, Photo, RGBImage
from tests.support.labels import PORTRAITS, Portrait
from tests.support.paths import MODEL_DIR

LANDMARKS = np.array([(3.0, 4.0), (7.0, 4.0), (5.0, 6.0), (3.5, 8.0), (6.5, 8.0)])


class ScoreByRotation:
    """Finds one face in the middle of an image, its score set by how the image is rotated.

    The brightest corner shows the rotation: at the top left it is 0 quarter turns.
    """

    def __init__(self, *scores: float) -> None:
        self.scores = scores
        self.sizes: list[tuple[int, int]] = []

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        assert image_rgb.flags["C_CONTIGUOUS"]
        rows, columns = image_rgb.shape[:2]
        self.sizes.append((rows, columns))
        corners = [image_rgb[0, 0], image_rgb[-1, 0], image_rgb[-1, -1], image_rgb[0, -1]]
        score = self.scores[int(np.argmax([corner.sum() for corner in corners]))]
        x, y, half = columns / 2, rows / 2, min(rows, columns) / 5
        points = np.array([(x, y)]) + half * (LANDMARKS - (5, 6)) / 10
        return [Face(x - half, y - half, x + half, y + half, score, points)] if score else []


def marked_image(rows: int = 800, columns: int = 800) -> RGBImage:
    image = np.zeros((rows, columns, 3), np.uint8)
    image[: rows // 3, : columns // 3] = 255
    return image


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_points_are_rotated_back_onto_the_same_pixels(quarter_turns: int) -> None:
    image = np.arange(12 * 20, dtype=np.uint8).reshape(12, 20)
    turned = np.rot90(image, quarter_turns)
    face = Face(2, 3, 8, 10, 0.9, LANDMARKS.round())
    back = rotate_back(face, quarter_turns, turned.shape)
    for (x, y), (was_x, was_y) in zip(back.landmarks, face.landmarks, strict=True):
        assert image[int(y), int(x)] == turned[int(was_y), int(was_x)]
    # The box covers the same pixels.
    found = turned[3:10, 2:8]
    top, left, bottom, right = map(int, (back.top, back.left, back.bottom, back.right))
    assert sorted(image[top:bottom, left:right].ravel()) == sorted(found.ravel())
    assert back.area == face.area
    assert back.quarter_turns == quarter_turns


def test_other_turns_of_a_convincing_face_are_only_previewed() -> None:
    detector = ScoreByRotation(CONVINCING_SCORE, 0.8, 0.86, 0)
    (face,) = RotationSearch(detector).detect(marked_image())
    assert face.quarter_turns == 0
    assert detector.sizes == [(800, 800), *[(PREVIEW_SIDE_PX, PREVIEW_SIDE_PX)] * 3]


@pytest.mark.parametrize(
    ("scores", "quarter_turns"),
    [
        ((0.8, 0.77, 0.94, 0.9), 2),
        ((0.91, 0.0, 0.9, 0.91), 0),
        ((0.0, 0.0, 0.0, 0.8), 3),
        ((0.92, 0.0, 0.95, 0.0), 2),
    ],
)
def test_the_turn_with_the_best_face_is_kept(scores: tuple[float, ...], quarter_turns: int) -> None:
    (face,) = RotationSearch(ScoreByRotation(*scores)).detect(marked_image())
    assert face.quarter_turns == quarter_turns
    assert face.score == max(scores)


def test_no_face_in_any_turn() -> None:
    assert RotationSearch(ScoreByRotation(0, 0, 0, 0)).detect(np.zeros((9, 9, 3), np.uint8)) == []


@pytest.mark.parametrize("portrait", PORTRAITS, ids=lambda p: p.file)
@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_eyes_are_found_where_they_are_in_a_turned_photo(
    decode_photo: Callable[[str], Photo], portrait: Portrait, quarter_turns: int
) -> None:
    file = MODEL_DIR / "yunet.onnx"
    detector = RotationSearch(StraighteningDetector(YuNetDetector(file)))
    upright = decode_photo(portrait.file).rgb
    sent = np.ascontiguousarray(np.rot90(upright, -quarter_turns))
    (face,) = detector.detect(sent)
    assert face.quarter_turns == quarter_turns
    marked = np.array([portrait.right_eye, portrait.left_eye], float)
    between = np.hypot(*(marked[1] - marked[0]))
    points = face.landmarks[:2]
    rows, columns = sent.shape[:2]
    for _ in range(quarter_turns):
        # Where the sent photo's pixel lies after one counter-clockwise turn.
        points = np.stack([points[:, 1], columns - 1 - points[:, 0]], axis=1)
        rows, columns = columns, rows
    assert np.hypot(*(points - marked).T).max() < 0.12 * between
