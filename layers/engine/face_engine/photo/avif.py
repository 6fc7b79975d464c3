"""Decodes AVIFs, and finds out whether one is damaged.

dav1d, Pillow's decoder, decodes any bits. libaom, OpenCV's, also checks that the data of each tile
ends where its symbols end, in a one and zeros (AV1 specification, 8.2.4). A wrong bit changes all
symbols after it, so they end elsewhere. Where the damage begins remains unknown.
"""

import io

import cv2
import numpy as np
from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.photo.av1 import Picture, read_picture
from face_engine.photo.avif_boxes import declared_bytes, is_avif, read_av1_items, write_avif
from face_engine.photo.limits import (
    DECODER_ERRORS,
    MAX_CHECKED_AVIF_PIXELS,
    MIN_DECODED_PART,
    check_pixels,
)
from face_engine.photo.orientation import ignore_xmp, read_orientation
from face_engine.photo.pixels import DecodedImage, to_rgb, without_trusted_rows

__all__ = ["decode_avif", "is_avif"]


def decode_avif(data: bytes, max_pixels: int) -> DecodedImage:
    """Decodes an AVIF; for an animated one, the first frame.

    Raises:
        InvalidImage: it has too many pixels, or more than 15/16 of the file is missing.
        face_engine.photo.limits.DECODER_ERRORS: it is not an AVIF.
    """
    data = _fill_up(data)
    with Image.open(io.BytesIO(data), formats=("AVIF",)) as image:
        width, height = image.size
        check_pixels(width * height, max_pixels)
        ignore_xmp(image)
        orientation = read_orientation(image)
        try:
            pictures = _read_pictures(data)
        except (ValueError, LookupError):
            return without_trusted_rows(width, height, orientation)
        # libavif scales a decoded picture to the size that the file declares.
        check_pixels(max((picture.pixels for picture in pictures), default=0), max_pixels)
        if not _are_sound(pictures):
            return without_trusted_rows(width, height, orientation)
        return DecodedImage(to_rgb(image), width, height, orientation)


def _fill_up(data: bytes) -> bytes:
    """Appends zeros to a cut file; without them, Pillow does not open it."""
    size = declared_bytes(data)
    if len(data) < size * MIN_DECODED_PART:
        raise InvalidImage
    return data.ljust(size, b"\0")


def _read_pictures(data: bytes) -> list[Picture]:
    """Reads the headers of all pictures: colours, alpha, tiles and thumbnails.

    Raises:
        ValueError, LookupError: a picture is broken.
    """
    try:
        items = read_av1_items(data)
    except DECODER_ERRORS:
        # Pillow opened the file, so its index is unusual rather than broken.
        return []
    return [read_picture(item) for item in items]


def _are_sound(pictures: list[Picture]) -> bool:
    if sum(picture.pixels for picture in pictures) > MAX_CHECKED_AVIF_PIXELS:
        return True
    # OpenCV logs each failure.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_FATAL)
    return all(map(_is_sound, pictures))


def _is_sound(picture: Picture) -> bool:
    file = write_avif(picture.width, picture.height, picture.data)
    return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED) is not None
