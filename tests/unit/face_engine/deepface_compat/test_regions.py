"""The parts that RetinaFace sees contain the middle of every proposed face with its margin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_engine.deepface_compat.regions import (
    CROPS,
    GRID_PX,
    MAX_SHARE,
    PYRAMID_PX,
    Rectangle,
    choose_regions,
)

SIZES = st.integers(1, 2100)
BOXES = st.lists(
    st.tuples(
        st.floats(-300, 2300, width=32),
        st.floats(-300, 2300, width=32),
        st.floats(0, 900, width=32),
        st.floats(0, 900, width=32),
    ),
    max_size=12,
)


def is_inside(inner: Rectangle, outer: Rectangle) -> bool:
    return (
        outer.left <= inner.left
        and outer.top <= inner.top
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


@given(BOXES, SIZES, SIZES, st.sampled_from([0, 128, 256]))
def test_the_middle_of_every_box_is_seen_with_its_margin(
    boxes: list[tuple[float, ...]], rows: int, columns: int, margin: int
) -> None:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    regions = choose_regions(array, rows, columns, margin)
    image = Rectangle(0, 0, columns, rows)
    for region in regions:
        outer = image
        for view in region.views:
            assert is_inside(view, outer)
            assert view.area > 0
            assert view.left % GRID_PX == view.top % GRID_PX == 0
            assert view.right % GRID_PX == 0 or view.right == columns
            assert view.bottom % GRID_PX == 0 or view.bottom == rows
            outer = view
        for core in region.cores:
            assert is_inside(core.expanded(margin, rows, columns), region.seen)
            assert is_inside(core.expanded(min(margin, PYRAMID_PX), rows, columns), outer)
    cores = [core for region in regions for core in region.cores]
    for x, y, width, height in array.tolist() if regions else []:
        left, top = max(x + width / 4, 0.0), max(y + height / 4, 0.0)
        right, bottom = min(x + width * 3 / 4, columns), min(y + height * 3 / 4, rows)
        if left < right and top < bottom:
            assert any(
                core.left <= left
                and core.top <= top
                and right <= core.right
                and bottom <= core.bottom
                for core in cores
            )
    assert sum(region.cost for region in regions) <= MAX_SHARE * image.area


def test_faces_side_by_side_are_seen_in_one_run_and_distant_ones_apart() -> None:
    near = np.array([(400, 400, 80, 80), (500, 410, 80, 80)], np.float32)
    (region,) = choose_regions(near, 1024, 2000, 128)
    assert len(region.cores) == 2
    far = np.array([(100, 100, 80, 80), (1800, 800, 80, 80)], np.float32)
    assert len(choose_regions(far, 1024, 2000, 128)) == 2


def test_where_a_face_fills_the_image_the_whole_is_seen() -> None:
    assert choose_regions(np.array([(0, 0, 512, 512)], np.float32), 512, 512, 224) == []


@pytest.mark.parametrize(("face_px", "strides"), [(20, 3), (80, 3), (81, 2), (320, 2), (321, 1)])
def test_faces_are_looked_for_with_anchors_of_their_size(face_px: int, strides: int) -> None:
    large = (100, 100, face_px, face_px)
    (region,) = choose_regions(np.array([large], np.float32), 2000, 2000, 128)
    assert region.strides == strides
    # A small face in front of it needs them all.
    small = (100 + face_px / 2, 100 + face_px / 2, 40, 40)
    (region,) = choose_regions(np.array([large, small], np.float32), 2000, 2000, 128)
    assert region.strides == 3


def test_a_part_of_whole_cells_is_left_of_each_layer() -> None:
    (region,) = choose_regions(np.array([(900, 500, 80, 80)], np.float32), 1023, 1537, 160)
    for crop in CROPS:
        before, after = region.views[crop.before], region.views[crop.after]
        assert is_inside(after, before)
        assert (after.left - before.left) % crop.stride_px == 0
        assert (after.top - before.top) % crop.stride_px == 0
