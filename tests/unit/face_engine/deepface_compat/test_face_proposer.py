"""YuNet's proposals lie on the faces, whatever their rotation; the photo is what is not black."""

from collections.abc import Callable

import numpy as np
import pytest

from face_engine.deepface_compat.regional_network import FaceProposer, find_photo
from face_engine.deepface_compat.regions import Rectangle
from face_engine.detection.yunet_network import YuNet
from face_engine.faces import Photo
from tests.support.paths import MODEL_DIR


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_face_is_proposed_where_it_lies(
    decode_photo: Callable[[str], Photo], quarter_turns: int
) -> None:
    yunet = YuNet(MODEL_DIR / "yunet.onnx")
    photo = decode_photo("impostor_1.jpg").rgb
    x, y, width, height = yunet.find(photo, 0.7)[0][:4]
    marked = np.zeros(photo.shape[:2], bool)
    marked[int(y) : int(y + height), int(x) : int(x + width)] = True
    rotated = np.rot90(photo, quarter_turns)
    rows, columns = np.nonzero(np.rot90(marked, quarter_turns))
    expected = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
    boxes = FaceProposer(yunet)(rotated)
    distances = np.abs(boxes - np.array(expected)).max(axis=1)
    assert distances.min() < 0.2 * max(width, height)


def test_in_no_photo_nothing_is_proposed() -> None:
    proposer = FaceProposer(YuNet(MODEL_DIR / "yunet.onnx"))
    assert proposer(np.zeros((0, 90, 3), np.uint8)).shape == (0, 4)


def test_the_photo_is_what_is_not_black() -> None:
    image = np.zeros((70, 90, 3), np.uint8)
    assert find_photo(image).area == 0
    image[11, 40, 2] = 1
    image[60, 7, 0] = 255
    assert find_photo(image) == Rectangle(7, 11, 41, 61)
