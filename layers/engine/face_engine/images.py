"""Turns base64 text into the bytes of an image file, and those into an upright photo."""

import base64
import binascii
import io
import struct
import zlib

import numpy as np
from face_contract.errors import InvalidImage, PayloadTooLarge
from PIL import ExifTags, Image

from face_engine.faces import Photo

FORMATS = ("JPEG", "PNG", "WEBP")
# Faces are found in smaller copies and embedded from 112 px: more pixels cost time and memory only.
LONGEST_SIDE_PX = 2048
# What Pillow's decoders raise for bytes that are not what their header says.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)

# `decode_image` counts pixels itself, by what will be decoded and not by what the header says.
Image.MAX_IMAGE_PIXELS = None


def decode_base64(text: str, max_bytes: int) -> bytes:
    """Returns the bytes that base64 text stands for.

    A `data:` prefix, white space, the URL-safe alphabet and missing padding are accepted.

    Raises:
        InvalidImage: anything else is in it.
        PayloadTooLarge: more than `max_bytes` bytes would come out.
    """
    if text[:5].lower() == "data:":
        header, comma, text = text.partition(",")
        if not comma or not header.lower().endswith(";base64"):
            raise InvalidImage("The image's data: prefix is not one of base64.")
    digits = "".join(text.split()).rstrip("=")
    if len(digits) * 3 // 4 > max_bytes:
        raise PayloadTooLarge(max_bytes)
    try:
        encoded = digits.encode("ascii").translate(_URL_SAFE_TO_STANDARD)
        data = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidImage("The image is not valid base64.") from error
    if not data:
        raise InvalidImage("The image is empty.")
    return data


_URL_SAFE_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def decode_image(data: bytes, max_pixels: int) -> Photo:
    """Returns the photo in an image file, upright as its EXIF orientation says.

    Args:
        data: an image file in one of `FORMATS`.
        max_pixels: how many pixels may be decoded. The header is asked before anything is decoded.

    Raises:
        InvalidImage: it is no such file, is broken, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            # A JPEG decodes at 1/2, 1/4 or 1/8 for a fraction of the time and memory.
            shrink = min(1.0, LONGEST_SIDE_PX / max(width, height))
            image.draft("RGB", (max(1, int(width * shrink)), max(1, int(height * shrink))))
            if image.width * image.height > max_pixels:
                raise InvalidImage(
                    f"The image has more than {max_pixels} pixels.", {"limit_pixels": max_pixels}
                )
            rgb = _to_rgb(image)
            # After loading: a PNG may keep its EXIF behind its pixels.
            orientation = _read_orientation(image)
    except _DECODER_ERRORS as error:
        raise InvalidImage from error
    if orientation in _TRANSPOSITIONS:
        rgb = rgb.transpose(_TRANSPOSITIONS[orientation])
    if orientation in _SIDEWAYS:
        width, height = height, width
    return Photo(np.asarray(rgb), width, height)


# EXIF orientations by what makes them upright (CIPA DC-008, tag 274); 1 is upright.
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


def _read_orientation(image: Image.Image) -> int | None:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except _DECODER_ERRORS:
        # A photo with broken EXIF is a photo.
        return None
    return orientation if isinstance(orientation, int) else None


def _to_rgb(image: Image.Image) -> Image.Image:
    """Decodes at most `LONGEST_SIDE_PX` a side, transparent parts on white."""
    image.load()
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("P", "PA", "1"):
        # An index or a bit cannot be averaged.
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")
