"""Decodes WebPs, and finds which rows of a damaged one can be trusted.

libwebp decodes any bits. It fails if they end too early, and ignores bits left over: both show that
the file is damaged, but not where.
"""

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.faces import RGBImage
from face_engine.photo.limits import (
    DECODER_ERRORS,
    MAX_WEBP_PIXELS,
    MIN_DECODED_PART,
    check_pixels,
)
from face_engine.photo.orientation import parse_orientation
from face_engine.photo.pixels import DecodedImage, extend_down, to_rgb, without_trusted_rows
from face_engine.photo.webp_chunks import WebPFile, is_webp, read_chunks

__all__ = ["decode_webp", "is_webp"]

# An encoder pads its last bytes, at most four; decoding all pixels needs the bytes before them.
SPARE_BYTES = 16
MIN_PIXEL_BYTES = 4 * SPARE_BYTES
# A file that was allocated but not completely written ends in more zeros than any encoder writes.
MIN_ZERO_TAIL = 64
# A cut file lacks any number of bytes; if it lacks whole blocks, they may be missing anywhere.
DISK_BLOCK_BYTES = 512
# The replacement may need more bytes than are missing.
EXTRA_FILL_BYTES = 1 << 16
FILL_ATTEMPTS = 4
# Blocks are 16 rows high, and filtered across their edges by 8 rows.
UNRELIABLE_ROWS = 24


def decode_webp(data: bytes, max_pixels: int) -> DecodedImage:
    """Decodes a WebP; for an animated one, the first frame.

    Raises:
        InvalidImage: it has too many pixels, or almost nothing of it decodes.
        face_engine.photo.limits.DECODER_ERRORS: it is not a WebP.
    """
    file = read_chunks(data)
    width, height = file.size
    check_pixels(width * height, min(max_pixels, MAX_WEBP_PIXELS))
    orientation = parse_orientation(file.exif)
    unfilled = file.pixels.rstrip(b"\0")
    zeros = len(file.pixels) - len(unfilled)
    if file.missing and file.missing % DISK_BLOCK_BYTES == 0:
        return without_trusted_rows(width, height, orientation)
    if file.missing or zeros >= MIN_ZERO_TAIL:
        return _decode_cut(replace(file, pixels=unfilled, missing=file.missing + zeros))
    try:
        rgb = _decode(file)
    except DECODER_ERRORS:
        return without_trusted_rows(width, height, orientation)
    if len(unfilled) >= MIN_PIXEL_BYTES and _decodes(replace(file, pixels=unfilled[:-SPARE_BYTES])):
        return without_trusted_rows(width, height, orientation)
    return DecodedImage(rgb, width, height, orientation)


def _decode_cut(file: WebPFile) -> DecodedImage:
    """Decodes a cut file twice, with different random bytes in place of the missing end.

    Rows that are equal in both results do not depend on the missing bytes.
    """
    width, height = file.size
    orientation = parse_orientation(file.exif)
    if len(file.pixels) < MIN_DECODED_PART * (len(file.pixels) + file.missing):
        raise InvalidImage
    pictures: list[RGBImage] = []
    for seed in range(FILL_ATTEMPTS):
        fill = np.random.default_rng(seed).bytes(file.missing + EXTRA_FILL_BYTES)
        try:
            pictures.append(_decode(replace(file, pixels=file.pixels + fill)))
        except DECODER_ERRORS:
            continue
        if len(pictures) > 1:
            break
    else:
        return without_trusted_rows(width, height, orientation)
    first, second = pictures
    differs = (first != second).any(axis=(1, 2))
    equal_rows = int(np.argmax(differs)) if differs.any() else len(differs)
    rows = int(equal_rows * height / len(differs)) - UNRELIABLE_ROWS
    if rows < height * MIN_DECODED_PART:
        raise InvalidImage
    top = first[: max(1, rows * len(first) // height)]
    return DecodedImage(extend_down(top, width, height), width, height, orientation, rows)


def _decode(file: WebPFile) -> RGBImage:
    with Image.open(io.BytesIO(file.write()), formats=("WEBP",)) as image:
        return to_rgb(image)


def _decodes(file: WebPFile) -> bool:
    try:
        _decode(file)
    except DECODER_ERRORS:
        return False
    return True
