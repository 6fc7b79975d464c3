"""Smaller copies show the same picture at the coordinates that they say."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from face_engine.detection.scaling import shrink, shrink_exactly

SIDES = st.integers(1, 900)


@given(SIDES, SIDES, st.sampled_from([64, 200, 320]))
def test_a_copy_covers_the_image_within_the_longest_side(
    rows: int, columns: int, side: int
) -> None:
    image = np.zeros((rows, columns, 3), np.uint8)
    for scaled in (shrink(image, side), shrink_exactly(image, side)):
        height, width = scaled.rgb.shape[:2]
        assert max(height, width) == min(side, max(rows, columns))
        lost = max(rows, columns) / side + 1
        assert rows - lost < height * scaled.y_scale < rows + lost
        assert columns - lost < width * scaled.x_scale < columns + lost


def test_both_ways_show_nearly_the_same_picture() -> None:
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (7, 9, 3), np.uint8)
    for size in ((1000, 869), (2048, 1367), (640, 640), (701, 333)):
        image = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        fast, exact = shrink(image, 320).rgb, shrink_exactly(image, 320).rgb
        rows, columns = (min(a, b) for a, b in zip(fast.shape[:2], exact.shape[:2], strict=True))
        difference = np.abs(fast[:rows, :columns].astype(int) - exact[:rows, :columns])
        assert difference.mean() < 3
