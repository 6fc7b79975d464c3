"""The thumbnail in bands, beside Pillow's own."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from face_engine.photo import pixels, thumbnail
from face_engine.photo.limits import LONGEST_SIDE_PX

SMALL_LIMIT_PX = 64


@given(
    width=st.integers(1, 5 * SMALL_LIMIT_PX),
    height=st.integers(1, 5 * SMALL_LIMIT_PX),
    processors=st.integers(1, 7),
    seed=st.integers(0, 2**32 - 1),
)
# On each side of the conditions, and more processors than columns.
@example(width=100, height=200, processors=2, seed=0)
@example(width=100, height=201, processors=2, seed=0)
@example(width=255, height=200, processors=2, seed=0)
@example(width=256, height=200, processors=2, seed=0)
@example(width=255, height=1, processors=7, seed=0)
def test_it_is_pillows_to_the_bit(width: int, height: int, processors: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        for module in (thumbnail, pixels):
            patch.setattr(module, "LONGEST_SIDE_PX", SMALL_LIMIT_PX)
        patch.setattr(thumbnail, "count_processors", lambda: processors)
        shrunk = thumbnail.shrink_to_limit(rgb)
    expected = Image.fromarray(rgb)
    expected.thumbnail((SMALL_LIMIT_PX, SMALL_LIMIT_PX))
    np.testing.assert_array_equal(shrunk, np.asarray(expected))


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (2049, 1151), (1500, 2999)])
def test_photos_of_phones_are_pillows_to_the_bit(size: tuple[int, int]) -> None:
    width, height = size
    rgb = np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)
    expected = Image.fromarray(rgb)
    expected.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    np.testing.assert_array_equal(thumbnail.shrink_to_limit(rgb), np.asarray(expected))
