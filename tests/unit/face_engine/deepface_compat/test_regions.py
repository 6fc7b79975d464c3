"""What RetinaFace sees has the middle of every proposed face with its margin, and little black."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_engine.deepface_compat.networks import CHANNELS, STRIDES_PX, _make_border, _to_cells
from face_engine.deepface_compat.regional_network import _paste, _without_faces
from face_engine.deepface_compat.regions import (
    BLACK_PX,
    BORDERS,
    CROPS,
    FINEST,
    FINEST_PX,
    GRIDS_PX,
    MAX_SHARE,
    PYRAMID,
    PYRAMID_PX,
    STAGE_4_PX,
    Rectangle,
    Region,
    choose_regions,
)

LARGE = Rectangle(0, 0, 2000, 2000)
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


@st.composite
def photos(draw: st.DrawFn) -> tuple[int, int, Rectangle]:
    """The rows and columns of an image, and what is not black in it."""
    columns, rows = draw(SIZES), draw(SIZES)
    left, top = draw(st.integers(0, columns - 1)), draw(st.integers(0, rows - 1))
    right, bottom = draw(st.integers(left + 1, columns)), draw(st.integers(top + 1, rows))
    return rows, columns, Rectangle(left, top, right, bottom)


def whole(rows: int, columns: int) -> Rectangle:
    return Rectangle(0, 0, columns, rows)


@given(BOXES, photos(), st.sampled_from([0, 128, 256]))
def test_the_middle_of_every_box_is_seen_with_its_margin(
    boxes: list[tuple[float, ...]], image: tuple[int, int, Rectangle], margin: int
) -> None:
    rows, columns, photo = image
    array = np.array(boxes, np.float32).reshape(-1, 4)
    regions = choose_regions(array, rows, columns, margin, photo)
    least = (margin, margin, margin, STAGE_4_PX, PYRAMID_PX, FINEST_PX)
    margins = [min(margin, pixels) for pixels in least]
    for region in regions:
        for index, (view, pixels, black_px, grid) in enumerate(
            zip(region.views, margins, BLACK_PX, GRIDS_PX, strict=True)
        ):
            assert is_inside(view, whole(rows, columns))
            assert view.left % grid == view.top % grid == 0
            assert view.right % grid == 0 or view.right == columns
            assert view.bottom % grid == 0 or view.bottom == rows
            parts = [c.part for c in region.cores if index != FINEST or c.strides == 3]
            assert bool(parts) == bool(view.area)
            for part in parts:
                near = photo.joined(part).expanded(black_px, rows, columns, grid_px=grid)
                needed = part.expanded(pixels, rows, columns, grid_px=grid)
                assert is_inside(part, view)
                assert is_inside(needed.clipped(near), view)
    cores = [core.part for region in regions for core in region.cores]
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
    assert sum(region.cost for region in regions) <= MAX_SHARE * rows * columns


@given(BOXES, photos(), st.sampled_from([128, 192, 256]))
def test_each_stage_computes_what_the_one_before_did_and_a_step_of_black(
    boxes: list[tuple[float, ...]], image: tuple[int, int, Rectangle], margin: int
) -> None:
    rows, columns, photo = image
    array = np.array(boxes, np.float32).reshape(-1, 4)
    for region in choose_regions(array, rows, columns, margin, photo):
        shown = photo
        for core in region.cores:
            shown = shown.joined(core.part)
        for crop in CROPS:
            before, after = region.views[crop.before], region.views[crop.after]
            if crop.after == FINEST and region.strides < 3:
                # Not computed.
                continue
            assert (after.left - before.left) % crop.stride_px == 0
            assert (after.top - before.top) % crop.stride_px == 0
            cut = _to_cells(crop, region.views)
            size_x, size_y = (
                -(-pixels // crop.stride_px) + 2 * crop.black_cells
                for pixels in (before.right - before.left, before.bottom - before.top)
            )
            assert cut.left >= 0
            assert cut.left + cut.columns <= size_x
            assert cut.top >= 0
            assert cut.top + cut.rows <= size_y
            # What it has beyond lies in the black, and not where the image ends.
            assert after.left >= before.left or 0 < before.left < shown.left
            assert after.top >= before.top or 0 < before.top < shown.top
            assert after.right <= before.right or columns > before.right > shown.right
            assert after.bottom <= before.bottom or rows > before.bottom > shown.bottom


@given(BOXES, photos())
def test_outputs_of_regions_get_to_their_place_and_only_where_they_count(
    boxes: list[tuple[float, ...]], image: tuple[int, int, Rectangle]
) -> None:
    rows, columns, photo = image
    array = np.array(boxes, np.float32).reshape(-1, 4)
    regions = choose_regions(array, rows, columns, 192, photo)
    outputs = _without_faces(rows, columns)
    empty = [output.copy() for output in outputs]
    # Each cell has a number of its own; none is that of a cell without a face.
    numbered = [2 + np.arange(o.size, dtype=np.float32).reshape(o.shape) for o in outputs]
    for region in regions:
        part = []
        for index in range(region.strides * len(CHANNELS)):
            stride = STRIDES_PX[index // len(CHANNELS)]
            view = region.views[FINEST if stride == 8 else PYRAMID]
            seen = (
                slice(a // stride, -(-b // stride))
                for a, b in ((view.top, view.bottom), (view.left, view.right))
            )
            part.append(numbered[index][:, *seen])
        _paste(part, outputs, region)
    cores = [core for region in regions for core in region.cores]
    for index, (output, before, expected) in enumerate(zip(outputs, empty, numbered, strict=True)):
        level = index // len(CHANNELS)
        stride = STRIDES_PX[level]
        counts = np.zeros(output.shape, bool)
        for (left, top, right, bottom), strides in (
            (dataclasses.astuple(core.part), core.strides) for core in cores
        ):
            if level < strides:
                counts[
                    :, top // stride : -(-bottom // stride), left // stride : -(-right // stride)
                ] = True
        np.testing.assert_array_equal(output, np.where(counts, expected, before))


def test_in_the_black_a_photo_is_cut_near_its_edge() -> None:
    photo = Rectangle(320, 384, 960, 896)
    face = np.array([(600, 600, 80, 80)], np.float32)
    (region,) = choose_regions(face, 1280, 1280, 256, photo)
    assert [view.top for view in region.views] == [364, 352, 352, 448, 512, 576]
    (region,) = choose_regions(face, 1280, 1280, 256, Rectangle(500, 500, 760, 760))
    assert [view.left for view in region.views] == [480, 448, 400, 448, 512, 576]


def test_where_the_image_ends_soon_its_end_is_seen() -> None:
    face = np.array([(300, 600, 80, 80)], np.float32)
    near, far = (
        choose_regions(face, 1280, 1280, 224, Rectangle(left, 384, 960, 896))[0]
        for left in (200, 260)
    )
    assert near.seen.left == 96
    assert far.seen.left == 240


def test_beside_a_near_end_of_the_image_the_black_is_seen_in_full() -> None:
    # The zeros above the image reach into the black at its sides.
    bars = Rectangle(500, 0, 1000, 1024)
    high, low = (
        choose_regions(np.array([(600, y, 80, 80)], np.float32), 1024, 1500, 192, bars)[0]
        for y in (100, 500)
    )
    assert [view.left for view in high.views] == [416, 416, 416, 448, 512, 576]
    assert [view.left for view in low.views] == [480, 448, 416, 448, 512, 576]


def test_zeros_stand_only_where_the_image_ends() -> None:
    for border in BORDERS:
        region = Region.whole(96, 128)
        inner = slice(border.cells, -border.cells)
        expected = np.zeros((1, *(96 // border.stride_px + 2 * border.cells,) * 2), np.float32)
        made = _make_border(border, Rectangle(0, 0, 96, 96), 96, 128)
        expected[:, inner, border.cells :] = 1
        np.testing.assert_array_equal(made, expected)
        assert _make_border(border, Rectangle(32, 32, 64, 64), 96, 128).all()
        assert _make_border(border, region.views[0], 96, 128).sum() == (
            96 // border.stride_px * (128 // border.stride_px)
        )


def test_faces_side_by_side_are_seen_in_one_run_and_distant_ones_apart() -> None:
    near = np.array([(400, 400, 80, 80), (500, 410, 80, 80)], np.float32)
    (region,) = choose_regions(near, 1024, 2000, 128, whole(1024, 2000))
    assert len(region.cores) == 2
    far = np.array([(100, 100, 80, 80), (1800, 800, 80, 80)], np.float32)
    assert len(choose_regions(far, 1024, 2000, 128, whole(1024, 2000))) == 2


def test_where_a_face_fills_the_image_the_whole_is_seen() -> None:
    face = np.array([(0, 0, 512, 512)], np.float32)
    assert choose_regions(face, 512, 512, 224, whole(512, 512)) == []


@pytest.mark.parametrize(("face_px", "strides"), [(20, 3), (80, 3), (81, 2), (320, 2), (321, 1)])
def test_faces_are_looked_for_with_anchors_of_their_size(face_px: int, strides: int) -> None:
    large = (100, 100, face_px, face_px)
    (region,) = choose_regions(np.array([large], np.float32), 2000, 2000, 128, LARGE)
    assert region.strides == strides
    # A small face in front of it needs them all.
    small = (100 + face_px / 2, 100 + face_px / 2, 40, 40)
    (region,) = choose_regions(np.array([large, small], np.float32), 2000, 2000, 128, LARGE)
    assert region.strides == 3
    assert {core.strides for core in region.cores} == {strides, 3}
