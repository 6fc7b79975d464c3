"""Rotated and bordered copies of a photo, each made once."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.faces import RGBImage

# (H, W, 3) BGR.
BGRImage = NDArray[np.uint8]
# By the number of quarter turns counter-clockwise. `np.rot90` gives the same pixels, but to bring
# them in order takes NumPy ten times as long.
_ROTATIONS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True, slots=True)
class Bordered:
    """A BGR image with a black border, `dx` pixels wide at the left and `dy` high at the top."""

    bgr: BGRImage
    dx: int
    dy: int


class Views:
    """Makes each copy of one photo at most once. Belongs to one request; not shared.

    Args:
        rgb: the photo's pixels.
    """

    def __init__(self, rgb: RGBImage) -> None:
        self.rgb = rgb
        self._bordered: dict[tuple[int, bool], Bordered] = {}

    def bordered(self, quarter_turns: int, *, has_border: bool) -> Bordered:
        """Returns the photo in BGR, rotated and with or without a border.

        Args:
            quarter_turns: how far to rotate, counter-clockwise.
            has_border: add half of the photo's size in black on each side.
        """
        key = quarter_turns, has_border
        if key not in self._bordered:
            self._bordered[key] = _add_border(rotate(self.rgb, quarter_turns), has_border)
        return self._bordered[key]


def rotate(image: NDArray[np.uint8], quarter_turns: int) -> NDArray[np.uint8]:
    """Returns an (H, W, 3) image rotated counter-clockwise by 0 to 3 quarters, in C order."""
    if quarter_turns == 0:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.rotate(image, _ROTATIONS[quarter_turns]), np.uint8)


def _add_border(rgb: RGBImage, has_border: bool) -> Bordered:
    bgr: BGRImage = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)
    if not has_border:
        return Bordered(bgr, 0, 0)
    dy, dx = bgr.shape[0] // 2, bgr.shape[1] // 2
    bordered = cv2.copyMakeBorder(bgr, dy, dy, dx, dx, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return Bordered(np.asarray(bordered, np.uint8), dx, dy)
