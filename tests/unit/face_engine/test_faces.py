import numpy as np
import pytest

from face_engine.faces import BoundingBox, Face, Photo


def photo(rows: int, columns: int, width: int, height: int) -> Photo:
    return Photo(np.zeros((rows, columns, 3), np.uint8), width, height)


def face(left: float, top: float, right: float, bottom: float) -> Face:
    return Face(left, top, right, bottom, 0.9, np.zeros((5, 2)))


def test_boxes_are_told_in_the_owners_pixels() -> None:
    assert photo(100, 200, 2000, 1000).box_of(face(10, 20, 30, 60)) == BoundingBox(
        100, 200, 200, 400
    )


def test_boxes_are_clipped_to_the_photo() -> None:
    assert photo(100, 200, 200, 100).box_of(face(-5, -9.6, 250, 300)) == BoundingBox(0, 0, 200, 100)


@pytest.mark.parametrize("box", [(-9, -9, -3, -3), (300, 300, 400, 400), (5, 5, 5.2, 5.2)])
def test_a_box_is_never_empty_and_lies_within(box: tuple[float, float, float, float]) -> None:
    found = photo(10, 10, 10, 10).box_of(face(*box))
    assert found.w >= 1
    assert found.h >= 1
    assert found.x + found.w <= 10
    assert found.y + found.h <= 10


@pytest.mark.parametrize("box", [(-1, 0, 1, 1), (0, -1, 1, 1), (0, 0, 0, 1), (0, 0, 1, 0)])
def test_impossible_boxes_are_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="impossible"):
        BoundingBox(*box)
