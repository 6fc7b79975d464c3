"""Rotated and bordered copies of a photo."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from face_engine.views import Views, rotate


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_a_rotated_image_is_numpys(rows: int, columns: int, left: int, seed: int) -> None:
    whole = np.random.default_rng(seed).integers(0, 256, (rows, columns + 4, 3), np.uint8)
    # Also a part whose rows do not follow one another in memory.
    image = whole[:, left : left + columns]
    for quarter_turns in range(4):
        rotated = rotate(image, quarter_turns)
        np.testing.assert_array_equal(rotated, np.rot90(image, quarter_turns))
        assert rotated.flags.c_contiguous


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 3), st.booleans())
def test_a_view_shows_the_photo_in_bgr_inside_its_border(
    rows: int, columns: int, quarter_turns: int, has_border: bool
) -> None:
    rgb = np.random.default_rng(rows).integers(1, 256, (rows, columns, 3), np.uint8)
    view = Views(rgb).bordered(quarter_turns, has_border=has_border)
    expected = np.rot90(rgb, quarter_turns)[:, :, ::-1]
    height, width = expected.shape[:2]
    assert (view.dx, view.dy) == ((width // 2, height // 2) if has_border else (0, 0))
    inside = view.bgr[view.dy : view.dy + height, view.dx : view.dx + width]
    np.testing.assert_array_equal(inside, expected)
    assert view.bgr.shape == (height + 2 * view.dy, width + 2 * view.dx, 3)
    assert np.count_nonzero(view.bgr) == np.count_nonzero(expected)
