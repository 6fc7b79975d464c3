"""Which parts of an image RetinaFace has to see.

A certificate holds for these rules only: after a change, raise `RULES` in `model/certificate.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class FeatureCrop(NamedTuple):
    """Where RetinaFace's features can be cut to a part of the image.

    Attributes:
        layer: the layer whose output is cut.
        stride_px: of these features.
        channels: of these features.
        before: the index of the part that they have, in the `views` of a `Region`.
        after: the index of the part that is left.
        black_cells: by how many cells the part after may exceed the part before, in the black. At
            least the difference of their `BLACK_PX` and a step of the grid.
        is_for_finer: whether only the copy is cut that is doubled for the next finer stride.
    """

    layer: str
    stride_px: int
    channels: int
    before: int
    after: int
    black_cells: int = 0
    is_for_finer: bool = False

    @property
    def input_name(self) -> str:
        """The name of the network's input that says what is left."""
        return f"crop_{self.stride_px}_{self.before}_{self.after}_{self.black_cells}"


class FeatureBorder(NamedTuple):
    """What a convolution puts around its features.

    Attributes:
        stride_px: of these features.
        view: the index of the part that they cover, in the `views` of a `Region`.
        cells: its width on each side.
    """

    stride_px: int
    view: int
    cells: int

    @property
    def input_name(self) -> str:
        """The name of the network's input that says what the border is."""
        return f"border_{self.stride_px}_{self.view}_{self.cells}"


# The largest stride of RetinaFace: parts that begin at its multiples have the same anchors.
GRID_PX = 32
# The largest anchors of RetinaFace's second and third stride.
LARGEST_ANCHORS_PX = (128, 32)
# RetinaFace was trained to see background in anchors that overlap with a face by less than 0.3
# (arXiv:1905.00641, 4.2): those of a face that is 1.8 times as large. The rest is for proposals
# that are too large.
LARGEST_FACE_IN_ANCHORS = 2.5
# What `Region.views` holds: the part that each stage computes. The pyramid's finest stride has its
# own, around small faces only.
STAGE_1, STAGE_2, STAGE_3, STAGE_4, PYRAMID, FINEST = range(6)
# The later a stage, the fewer layers behind it look beyond a cell. So less is needed around the
# middle of a face than the margin of the photo: the pyramid's layers look 96 px around at the
# largest stride, and stage 4 as far again. With 64 px for the pyramid, scores of the largest stride
# changed by up to 0.3, with 128 px for stage 4 by 0.05. These change them as little as the margin.
STAGE_4_PX = 160
PYRAMID_PX = 96
# The four layers of the finest stride look this far, so nothing is lost.
FINEST_PX = 32
# Where there is only black, a stage needs only the cells that the photo can influence. Stage 1
# looks 18 px around, stage 2 as far as 46. Beyond, features are those of an endless black plane.
# Stage 3 looks as far as 134, but 96 px change outputs by less than the margin does; 64 px changed
# those of the middle stride 50 times as much. The grid of stage 4 is coarser: 80 px never exceed
# stage 3.
BLACK_PX = (20, 48, 96, 80, 80, 80)
# A view begins where a cell of its coarsest stride does, so that its cells are those of the image.
# The finest stride adds features of the next coarser one.
GRIDS_PX = (4, 8, 16, GRID_PX, GRID_PX, 16)
# The ends of the first three stages, and the three levels of the feature pyramid.
CROPS = (
    FeatureCrop("stage2_unit1_relu1", 4, 256, STAGE_1, STAGE_2, 9),
    FeatureCrop("stage3_unit1_relu1", 8, 512, STAGE_2, STAGE_3, 8),
    FeatureCrop("stage4_unit1_relu1", 16, 1024, STAGE_3, STAGE_4),
    FeatureCrop("ssh_m1_red_conv_relu", 8, 256, STAGE_3, FINEST),
    FeatureCrop("ssh_c2_aggr_relu", 16, 256, PYRAMID, FINEST, is_for_finer=True),
    FeatureCrop("ssh_c2_lateral_relu", 16, 256, STAGE_4, PYRAMID),
    FeatureCrop("ssh_c3_lateral_relu", 32, 256, STAGE_4, PYRAMID),
)
# Every border in the network. A stage begins with a convolution of stride 2.
BORDERS = (
    FeatureBorder(1, STAGE_1, 3),
    *(FeatureBorder(stride_px, STAGE_1, 1) for stride_px in (2, 4)),
    *(FeatureBorder(stride_px, STAGE_2, 1) for stride_px in (4, 8)),
    *(FeatureBorder(stride_px, STAGE_3, 1) for stride_px in (8, 16)),
    *(FeatureBorder(stride_px, STAGE_4, 1) for stride_px in (16, 32)),
    *(FeatureBorder(stride_px, PYRAMID, 1) for stride_px in (16, 32)),
    FeatureBorder(8, FINEST, 1),
)
# The stages' shares of the network's time, from their multiply-adds, of which Winograd's method
# saves half in convolutions of 3 × 3.
TIME_SHARES = (0.14, 0.19, 0.28, 0.17, 0.05, 0.17)
# Above this share of the image, one run on the whole is as fast.
MAX_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of an image in whole pixels; `right` and `bottom` are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Its number of pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def joined(self, other: "Rectangle") -> "Rectangle":
        """Returns the smallest rectangle around both; one without area adds nothing."""
        if not self.area or not other.area:
            return self if self.area else other
        return Rectangle(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def clipped(self, other: "Rectangle") -> "Rectangle":
        """Returns the part of it that lies in another one, which it overlaps."""
        return Rectangle(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def expanded(
        self, pixels: int, rows: int, columns: int, *, grid_px: int = GRID_PX
    ) -> "Rectangle":
        """Returns it with a margin, out to a grid, clipped to an image."""
        return Rectangle(
            max((self.left - pixels) // grid_px * grid_px, 0),
            max((self.top - pixels) // grid_px * grid_px, 0),
            min(-(-(self.right + pixels) // grid_px) * grid_px, columns),
            min(-(-(self.bottom + pixels) // grid_px) * grid_px, rows),
        )


class Core(NamedTuple):
    """The middle of a face.

    Attributes:
        part: of the image.
        strides: only the outputs of the first ones count there: the face is too large for the
            anchors of the others.
    """

    part: Rectangle
    strides: int


@dataclass(frozen=True, slots=True)
class Region:
    """A part to look at, and the parts of it whose detections count.

    Within `cores` the network's outputs are those of the whole image, but for tiny differences:
    they are at least a margin away from where the photo and its features are cut, or `BLACK_PX` in
    the black.

    Attributes:
        views: the part of the image that each stage computes; see `STAGE_1` and the others. That of
            the finest stride has no area if no core needs it.
        cores: the middles of faces.
    """

    views: tuple[Rectangle, ...]
    cores: tuple[Core, ...]

    @classmethod
    def whole(cls, rows: int, columns: int) -> "Region":
        """Returns the region that is a whole image."""
        image = Rectangle(0, 0, columns, rows)
        return cls((image,) * len(TIME_SHARES), (Core(image, 1 + len(LARGEST_ANCHORS_PX)),))

    @property
    def seen(self) -> Rectangle:
        """The part of the image that is seen."""
        return self.views[STAGE_1]

    @property
    def strides(self) -> int:
        """How many strides are needed, from the coarsest on."""
        return max(core.strides for core in self.cores)

    @property
    def cost(self) -> float:
        """The time it takes, as that of so many pixels of a whole image."""
        return sum(share * view.area for share, view in zip(TIME_SHARES, self.views, strict=True))

    def joined(self, other: "Region") -> "Region":
        """Returns the smallest region with the cores of both."""
        views = (mine.joined(its) for mine, its in zip(self.views, other.views, strict=True))
        return Region(tuple(views), (*self.cores, *other.cores))


def choose_regions(
    boxes: NDArray[np.float32], rows: int, columns: int, margin_px: int, photo: Rectangle
) -> list[Region]:
    """Returns the regions to look at; none if looking at the whole image is as good.

    Args:
        boxes: (n, 4), each x, y, w, h in pixels: where faces may be.
        rows: of the image.
        columns: of the image.
        margin_px: what is to be seen around the middle of each face.
        photo: what is not black.
    """
    regions = _join(
        [
            Region(_views_of(core, rows, columns, margin_px, photo), (core,))
            for box in boxes
            if (core := _core_of(box, rows, columns)).part.area > 0
        ]
    )
    cost = sum(region.cost for region in regions)
    return [] if cost > MAX_SHARE * rows * columns else regions


def _views_of(
    core: Core, rows: int, columns: int, margin_px: int, photo: Rectangle
) -> tuple[Rectangle, ...]:
    largest_px = (*(margin_px,) * 3, STAGE_4_PX, PYRAMID_PX, FINEST_PX)
    margins_px = [min(margin_px, pixels) for pixels in largest_px]
    part = core.part
    shown = photo.joined(part)
    # The zeros around an image reach as far into it as a face's margin, in the black, too. So the
    # black is as if it were endless only if its own end of the image is not near, and not those
    # beside it.
    is_far_across = part.left > margin_px and columns - part.right > margin_px
    is_far_down = part.top > margin_px and rows - part.bottom > margin_px
    may_cut = (
        is_far_down and shown.left > margin_px,
        is_far_across and shown.top > margin_px,
        is_far_down and columns - shown.right > margin_px,
        is_far_across and rows - shown.bottom > margin_px,
    )
    ends = (0, 0, columns, rows)
    views = []
    for pixels, black_px, grid_px in zip(margins_px, BLACK_PX, GRIDS_PX, strict=True):
        limits = astuple(shown.expanded(black_px, rows, columns, grid_px=grid_px))
        edges = (
            limit if is_cut else end
            for limit, end, is_cut in zip(limits, ends, may_cut, strict=True)
        )
        near = part.expanded(pixels, rows, columns, grid_px=grid_px)
        views.append(near.clipped(Rectangle(*edges)))
    if core.strides <= len(LARGEST_ANCHORS_PX):
        views[FINEST] = Rectangle(0, 0, 0, 0)
    return tuple(views)


def _core_of(box: NDArray[np.float32], rows: int, columns: int) -> Core:
    """Returns the middle half of a box, out to the grid, clipped to an image.

    RetinaFace finds a face at cells near its centre, even if its own box is not quite the proposed
    one.
    """
    x, y, width, height = (float(value) for value in box)
    left, top, right, bottom = x + width / 4, y + height / 4, x + width * 3 / 4, y + height * 3 / 4
    edges = np.clip(
        (math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)),
        0,
        (columns, rows, columns, rows),
    )
    part = Rectangle(*(int(edge) for edge in edges)).expanded(0, rows, columns)
    return Core(part, _count_strides(box))


def _count_strides(box: NDArray[np.float32]) -> int:
    """Returns how many of RetinaFace's strides, from the coarsest on, a face may be found at."""
    face_px = math.sqrt(box[2] * box[3])
    finer = (face_px <= LARGEST_FACE_IN_ANCHORS * anchor_px for anchor_px in LARGEST_ANCHORS_PX)
    return 1 + sum(finer)


def _join(regions: Sequence[Region]) -> list[Region]:
    """Joins regions while that takes no longer."""
    joined = list(regions)
    i = 0
    while i < len(joined):
        for j in range(i + 1, len(joined)):
            both = joined[i].joined(joined[j])
            if both.cost <= joined[i].cost + joined[j].cost:
                joined[i] = both
                del joined[j]
                # The larger region may now meet those before it.
                i = -1
                break
        i += 1
    return joined
