"""Decodes WebPs, and finds how much of a damaged one can be trusted.

libwebp decodes whatever bits it is given. It fails when they end too early, and does not mind when
some are left: both show that something is wrong, and neither shows where.
"""

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.photo.limits import (
    DECODER_ERRORS,
    MAX_WEBP_PIXELS,
    MIN_DECODED_PART,
    check_pixels,
)
from face_engine.photo.orientation import parse_orientation
from face_engine.photo.pixels import DecodedImage, extend_down, to_rgb, unlocatable
from face_engine.photo.webp_chunks import WebPFile, is_webp, read_chunks

__all__ = ["decode_webp", "is_webp"]

# An encoder fills up its last bytes, at most four; a decoder of all pixels needs the others.
SPARE_BYTES = 16
MIN_PIXEL_BYTES = 4 * SPARE_BYTES
# A file that was to be filled later ends in more zeros than any encoder writes.
MIN_ZERO_TAIL = 64
# What is missing at the end is any number of bytes; of whole blocks, they may be missing elsewhere.
DISK_BLOCK_BYTES = 512
# What is missing may need more bytes than were there.
EXTRA_FILL_BYTES = 1 << 16
FILL_ATTEMPTS = 4
# Blocks are 16 rows high, and smoothed over their edges by 8.
SPOILT_ROWS = 24


def decode_webp(data: bytes, max_pixels: int) -> DecodedImage:
    """Decodes a WebP; of an animated one, the first frame.

    Raises:
        InvalidImage: it has too many pixels, or next to nothing of it decodes.
        face_engine.photo.limits.DECODER_ERRORS: it is no WebP.
    """
    file = read_chunks(data)
    width, height = file.size
    check_pixels(width * height, min(max_pixels, MAX_WEBP_PIXELS))
    orientation = parse_orientation(file.exif)
    unfilled = file.pixels.rstrip(b"\0")
    zeros = len(file.pixels) - len(unfilled)
    if file.missing and file.missing % DISK_BLOCK_BYTES == 0:
        return unlocatable(width, height, orientation)
    if file.missing or zeros >= MIN_ZERO_TAIL:
        return _decode_cut(replace(file, pixels=unfilled, missing=file.missing + zeros))
    try:
        rgb = _decode(file)
    except DECODER_ERRORS:
        return unlocatable(width, height, orientation)
    if len(unfilled) >= MIN_PIXEL_BYTES and _decodes(replace(file, pixels=unfilled[:-SPARE_BYTES])):
        return unlocatable(width, height, orientation)
    return DecodedImage(rgb, width, height, orientation)


def _decode_cut(file: WebPFile) -> DecodedImage:
    """Decodes a file that lacks its end, twice, with different bytes instead.

    The rows that are equal do not depend on them.
    """
    width, height = file.size
    orientation = parse_orientation(file.exif)
    if len(file.pixels) < MIN_DECODED_PART * (len(file.pixels) + file.missing):
        raise InvalidImage
    pictures: list[Image.Image] = []
    for seed in range(FILL_ATTEMPTS):
        fill = np.random.default_rng(seed).bytes(file.missing + EXTRA_FILL_BYTES)
        try:
            pictures.append(_decode(replace(file, pixels=file.pixels + fill)))
        except DECODER_ERRORS:
            continue
        if len(pictures) > 1:
            break
    else:
        return unlocatable(width, height, orientation)
    first, second = map(np.asarray, pictures)
    differs = (first != second).any(axis=(1, 2))
    equal_rows = int(np.argmax(differs)) if differs.any() else len(differs)
    rows = int(equal_rows * height / len(differs)) - SPOILT_ROWS
    if rows < height * MIN_DECODED_PART:
        raise InvalidImage
    top = pictures[0].crop((0, 0, pictures[0].width, max(1, rows * len(differs) // height)))
    return DecodedImage(extend_down(top, width, height), width, height, orientation, rows)


def _decode(file: WebPFile) -> Image.Image:
    with Image.open(io.BytesIO(file.write()), formats=("WEBP",)) as image:
        return to_rgb(image)


def _decodes(file: WebPFile) -> bool:
    try:
        _decode(file)
    except DECODER_ERRORS:
        return False
    return True
