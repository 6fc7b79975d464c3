"""Reads the EXIF orientation, and rotates a photo upright."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from PIL import ExifTags, Image

from face_engine.faces import RGBImage
from face_engine.photo.limits import DECODER_ERRORS
from face_engine.views import rotate

EXIF_HEADER = b"Exif\0\0"

# The transposition that makes each EXIF orientation upright (CIPA DC-008, tag 274); 1 is upright.
TRANSPOSITIONS: dict[int, Callable[[RGBImage], cv2.typing.MatLike]] = {
    2: partial(cv2.flip, flipCode=1),
    3: partial(rotate, quarter_turns=2),
    4: partial(cv2.flip, flipCode=0),
    5: cv2.transpose,
    6: partial(rotate, quarter_turns=3),
    7: lambda rgb: rotate(np.asarray(cv2.transpose(rgb), np.uint8), 2),
    8: partial(rotate, quarter_turns=1),
}
SIDEWAYS = frozenset({5, 6, 7, 8})


def parse_orientation(exif: bytes | None) -> int | None:
    """Returns the orientation in an EXIF block; None if it is missing or broken."""
    if not exif:
        return None
    block = Image.Exif()
    try:
        block.load(exif)
        orientation = block.get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        # Broken EXIF does not make a photo invalid.
        return None
    return orientation if isinstance(orientation, int) else None


def ignore_xmp(image: Image.Image) -> None:
    """Stops Pillow from reading the orientation from XMP, which other programs ignore.

    Args:
        image: opened but not loaded, because Pillow rotates a TIFF on loading.
    """
    for name in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(name, None)


def read_orientation(image: Image.Image) -> int | None:
    """Returns the EXIF orientation of an image that Pillow has opened; None without one."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        return None
    return orientation if isinstance(orientation, int) else None
