import numpy as np
import pytest

from face_engine.detection.overlap import (
    group_detections,
    intersection_over_union,
    merge_detections,
)
from face_engine.faces import Face

LANDMARKS = np.zeros((5, 2))


def face(left: float, top: float, right: float, bottom: float, score: float = 0.9) -> Face:
    return Face(left, top, right, bottom, score, LANDMARKS)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (face(0, 0, 10, 10), face(0, 0, 10, 10), 1),
        (face(0, 0, 10, 10), face(5, 0, 15, 10), 50 / 150),
        (face(0, 0, 10, 10), face(2, 2, 5, 5), 9 / 100),
        (face(0, 0, 10, 10), face(10, 0, 20, 10), 0),
        (face(0, 0, 10, 10), face(30, 30, 40, 40), 0),
    ],
)
def test_intersection_over_union(a: Face, b: Face, expected: float) -> None:
    assert intersection_over_union(a, b) == pytest.approx(expected)
    assert intersection_over_union(b, a) == pytest.approx(expected)


def test_one_face_at_two_sizes_is_one_face_and_one_inside_another_is_not() -> None:
    large, again = face(0, 0, 100, 100, 0.9), face(5, 5, 110, 105, 0.95)
    inner = face(10, 10, 50, 50, 0.8)
    assert merge_detections([large], [again, inner]) == [again, inner]


def test_a_preference_keeps_the_first_detection_unless_the_other_is_clearly_better() -> None:
    first, other = face(0, 0, 100, 100, 0.9), face(5, 5, 110, 105, 0.93)
    assert merge_detections([first], [other], 0.05) == [first]
    assert merge_detections([first], [other], 0.02) == [other]


def test_detections_are_grouped_by_face() -> None:
    a, b, other = face(0, 0, 10, 10, 0.8), face(1, 0, 11, 10, 0.9), face(50, 50, 60, 60, 0.7)
    assert group_detections([a, other, b]) == [[b, a], [other]]
