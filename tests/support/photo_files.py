"""Image files that tests write: in any format, and stored turned with an EXIF orientation."""

import io
from typing import Any

from PIL import ExifTags, Image

Transpose = Image.Transpose


def encode(image: Image.Image, format: str, **options: Any) -> bytes:  # noqa: A002
    """Returns a file of Pillow's format, saved with Pillow's options."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def encode_turned(
    upright: Image.Image,
    format: str,  # noqa: A002
    orientation: int,
) -> bytes:
    """Returns a file whose pixels are stored so that its EXIF orientation makes them upright."""
    # From the EXIF standard's table, by where the corners go.
    stored = {
        1: upright,
        2: upright.transpose(Transpose.FLIP_LEFT_RIGHT),
        3: upright.rotate(180),
        4: upright.transpose(Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Transpose.TRANSPOSE),
        6: upright.rotate(90, expand=True),
        7: upright.transpose(Transpose.TRANSVERSE),
        8: upright.rotate(270, expand=True),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encode(stored, format, exif=exif)
