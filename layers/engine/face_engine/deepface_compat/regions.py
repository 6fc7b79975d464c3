"""Which parts of an image RetinaFace has to see.

A certificate holds for these rules only: after a change, raise `RULES` in `model/certificate.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The largest stride of RetinaFace: parts that begin at its multiples have the same anchors.
GRID_PX = 32
# The largest anchors of RetinaFace's second and third stride.
LARGEST_ANCHORS_PX = (128, 32)
# RetinaFace was trained to see background in anchors that overlap with a face by less than 0.3
# (arXiv:1905.00641, 4.2): those of a face that is 1.8 times as large. The rest is for proposals
# that are too large.
LARGEST_FACE_IN_ANCHORS = 2.5
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
        """Returns the smallest rectangle around both."""
        return Rectangle(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def expanded(self, pixels: int, rows: int, columns: int) -> "Rectangle":
        """Returns it with a margin, out to the grid, clipped to an image."""
        return Rectangle(
            max((self.left - pixels) // GRID_PX * GRID_PX, 0),
            max((self.top - pixels) // GRID_PX * GRID_PX, 0),
            min(-(-(self.right + pixels) // GRID_PX) * GRID_PX, columns),
            min(-(-(self.bottom + pixels) // GRID_PX) * GRID_PX, rows),
        )


@dataclass(frozen=True, slots=True)
class Region:
    """A part to look at, and the parts of it whose detections count.

    Within `cores` the network's outputs are those of the whole image, but for tiny differences:
    they are at least a margin away from where `seen` is cut out of the image. Only the outputs of
    the first `strides` are needed: the cores are too large for the anchors of the others.
    """

    seen: Rectangle
    cores: tuple[Rectangle, ...]
    strides: int


def choose_regions(
    boxes: NDArray[np.float32], rows: int, columns: int, margin_px: int
) -> list[Region]:
    """Returns the regions to look at; none if looking at the whole image is as good.

    Args:
        boxes: (n, 4), each x, y, w, h in pixels: where faces may be.
        rows: of the image.
        columns: of the image.
        margin_px: what is to be seen around the middle of each face.
    """
    regions = _join(
        [
            Region(core.expanded(margin_px, rows, columns), (core,), _count_strides(box))
            for box in boxes
            if (core := _core_of(box, rows, columns)).area > 0
        ]
    )
    seen = sum(region.seen.area for region in regions)
    return [] if seen > MAX_SHARE * rows * columns else regions


def _core_of(box: NDArray[np.float32], rows: int, columns: int) -> Rectangle:
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
    return Rectangle(*(int(edge) for edge in edges)).expanded(0, rows, columns)


def _count_strides(box: NDArray[np.float32]) -> int:
    """Returns how many of RetinaFace's strides, from the coarsest on, a face may be found at."""
    face_px = math.sqrt(box[2] * box[3])
    finer = (face_px <= LARGEST_FACE_IN_ANCHORS * anchor_px for anchor_px in LARGEST_ANCHORS_PX)
    return 1 + sum(finer)


def _join(regions: Sequence[Region]) -> list[Region]:
    """Joins regions while that makes fewer pixels to look at."""
    joined = list(regions)
    i = 0
    while i < len(joined):
        for j in range(i + 1, len(joined)):
            both = joined[i].seen.joined(joined[j].seen)
            if both.area <= joined[i].seen.area + joined[j].seen.area:
                joined[i] = Region(
                    both,
                    (*joined[i].cores, *joined[j].cores),
                    max(joined[i].strides, joined[j].strides),
                )
                del joined[j]
                # The larger region may now meet those before it.
                i = -1
                break
        i += 1
    return joined
