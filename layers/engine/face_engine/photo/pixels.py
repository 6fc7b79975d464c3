"""Converts the pixels of any format to RGB."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from face_engine.faces import RGBImage
from face_engine.photo.limits import LONGEST_SIDE_PX

GREY = 128


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An image as stored, before its orientation is applied.

    Args:
        rgb: (H, W, 3) uint8, at most `LONGEST_SIDE_PX` a side; transparent parts are white.
        width: of the stored image, in pixels.
        height: of the stored image, in pixels.
        orientation: from its EXIF, or None.
        sound_rows: the number of stored rows, from the top, decoded before any damage; None if
            there is no damage, 0 if the start of the damage is unknown.
    """

    rgb: RGBImage
    width: int
    height: int
    orientation: int | None
    sound_rows: int | None = None


def to_rgb(image: Image.Image) -> RGBImage:
    """Decodes an image to RGB, at most `LONGEST_SIDE_PX` a side, transparent parts on white."""
    image.load()
    if image.mode.startswith("I;16"):
        # Reduce 65,536 greys to 256.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        # Converting a large image to 64-bit numbers would take a gigabyte.
        image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        image = _stretch(image)
    elif image.mode in ("P", "PA", "1"):
        # Palette indexes and single bits cannot be averaged.
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _stretch(image: Image.Image) -> Image.Image:
    # 32-bit grey has no defined white; use the brightest pixel.
    greys = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0)
    greys -= greys.min()
    return Image.fromarray((greys * (255 / max(greys.max(), 1e-9))).astype(np.uint8))


def without_trusted_rows(width: int, height: int, orientation: int | None) -> DecodedImage:
    """Returns a blank image without trusted rows, for damage at an unknown place."""
    return DecodedImage(np.zeros((1, 1, 3), np.uint8), width, height, orientation, 0)


def extend_down(rgb: RGBImage, width: int, height: int) -> RGBImage:
    """Returns the upper part of an image with grey below, in the proportions of the whole image.

    Args:
        rgb: the upper part, at any scale.
        width: of the whole image, in pixels.
        height: of the whole image, in pixels.
    """
    rows, columns = rgb.shape[:2]
    whole = np.full((max(rows, round(height * columns / width)), columns, 3), GREY, np.uint8)
    whole[:rows] = rgb
    return whole
