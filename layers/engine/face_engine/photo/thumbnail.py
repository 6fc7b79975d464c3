"""Pillow's thumbnail, computed on all processors: half the time of a photo from a phone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from PIL import Image

from face_engine.faces import RGBImage
from face_engine.photo.limits import LONGEST_SIDE_PX
from face_engine.processors import count_processors

# From this factor on, Pillow first averages blocks of pixels.
REDUCED_FROM = 4
# Images that are higher for their width, Pillow resizes vertically first.
MAX_HEIGHT_FOR_WIDTH = 2


def shrink_to_limit(rgb: RGBImage) -> RGBImage:
    """Returns an (H, W, 3) uint8 image with at most `LONGEST_SIDE_PX` a side.

    The pixels are those of `Image.thumbnail`. It resizes rows, then columns, each on its own; so
    here several threads take a part of them each.
    """
    rows, columns = rgb.shape[:2]
    if max(rows, columns) <= LONGEST_SIDE_PX:
        return rgb
    width, height = _size_of_thumbnail(columns, rows)
    factor = max(columns / width, rows / height)
    if factor >= REDUCED_FROM or rows > MAX_HEIGHT_FOR_WIDTH * columns:
        image = Image.fromarray(rgb)
        image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        return np.asarray(image)
    narrow = _in_bands(rows, 0, lambda band: _resize(rgb[band], width, band.stop - band.start))
    return _in_bands(
        width, 1, lambda band: _resize(narrow[:, band], band.stop - band.start, height)
    )


def _size_of_thumbnail(width: int, height: int) -> tuple[int, int]:
    # Pillow's own rounding, from an image of single bits.
    image = Image.new("1", (width, height))
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return image.size


def _in_bands(length: int, axis: int, resize: Callable[[slice], RGBImage]) -> RGBImage:
    """Resizes bands of rows (axis 0) or columns (axis 1) side by side, and joins them."""
    edges = np.linspace(0, length, count_processors() + 1).astype(int)
    bands = [slice(int(start), int(stop)) for start, stop in pairwise(edges) if start < stop]
    with ThreadPoolExecutor(len(bands)) as threads:
        return np.concatenate(list(threads.map(resize, bands)), axis)


def _resize(rgb: RGBImage, width: int, height: int) -> RGBImage:
    image = Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)
