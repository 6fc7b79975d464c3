"""Decodes JPEGs, and finds which rows of a damaged one can be trusted.

libjpeg decodes whatever it gets and only warns; it does not say where. After an error, Huffman
codes soon resynchronise, but everything that follows is in the wrong place or colour, so even rows
before the first warning may be wrong. The start of the damage is known only if the file simply
ends.
"""

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.faces import RGBImage
from face_engine.photo.jpeg_segments import END_MARKER, JPEGFile, read_segments
from face_engine.photo.limits import (
    LONGEST_SIDE_PX,
    MAX_REDUCED_PIXELS,
    MAX_SCANNED_PIXELS,
    MIN_DECODED_PART,
    check_pixels,
)
from face_engine.photo.orientation import parse_orientation
from face_engine.photo.pixels import DecodedImage, to_rgb
from face_engine.photo.thumbnail import shrink_to_limit

SIGNATURE = b"\xff\xd8"
# Decoding at 1/8, 1/4 or 1/2 takes a fraction of the time and memory.
SCALES = (8, 4, 2, 1)
# Colour is stored at half the resolution and interpolated, also across the edge of a block.
INTERPOLATED_ROWS = 2
_TARGETS = {1: "GRAY", 3: "RGB", 4: "CMYK"}


def decode_jpeg(data: bytes, max_pixels: int) -> DecodedImage:
    """Decodes a JPEG; a large one at reduced scale. A missing end marker alone is not damage.

    Raises:
        InvalidImage: it has too many pixels or scans, or almost nothing of it decodes.
        ValueError, LookupError, struct.error: it is not a JPEG.
    """
    file = read_segments(data)
    scale = _choose_scale(file)
    _check_size(file, scale, max_pixels)
    sound_rows: int | None = None
    try:
        pixels = _decode_sound(file, scale)
        if not file.has_luma(file.scans):
            # The file ends between two scans, about which decoders do not warn.
            sound_rows = 0
    except ValueError:
        pixels = _decode(file, file.data, scale, strict=False)
        decoded_rows = _count_decoded_rows(pixels) * scale
        if decoded_rows < file.height * MIN_DECODED_PART:
            raise InvalidImage from None
        sound_rows = _count_sound_rows(file, decoded_rows)
    orientation = parse_orientation(file.exif)
    return DecodedImage(_to_rgb(pixels), file.width, file.height, orientation, sound_rows)


def _choose_scale(file: JPEGFile) -> int:
    shrink = min(1.0, LONGEST_SIDE_PX / max(file.width, file.height))
    width, height = max(1, int(file.width * shrink)), max(1, int(file.height * shrink))
    max_scale = min(file.width // width, file.height // height)
    return next((scale for scale in SCALES if scale <= max_scale), 1)


def _check_size(file: JPEGFile, scale: int, max_pixels: int) -> None:
    pixels = file.width * file.height
    # For a JPEG in several scans the decoder keeps all coefficients, at any scale.
    whole = file.progressive or len(file.scans) > 1
    check_pixels(pixels if whole else pixels // scale**2, max_pixels)
    if pixels > max(MAX_REDUCED_PIXELS, max_pixels):
        check_pixels(pixels, max_pixels)
    if len(file.scans) * pixels > max(MAX_SCANNED_PIXELS, max_pixels):
        raise InvalidImage("The JPEG has too many scans for its size.")


def _decode_sound(file: JPEGFile, scale: int) -> NDArray[np.uint8]:
    """Decodes an undamaged JPEG.

    Other bytes than zeros before the end marker count as damage, because wrong bits leave some
    over: of 1,000 JPEGs with one wrong bit, libjpeg only warned about them in 129, of which 25 gave
    a vector more than 0.4 away.

    Raises:
        ValueError: the decoder warned or failed.
    """
    try:
        return _decode(file, file.data, scale, strict=True)
    except ValueError:
        # Some cameras write zeros before the end marker.
        padded = file.data.removesuffix(END_MARKER)
        if file.cut or not padded.endswith(b"\0"):
            raise
        return _decode(file, padded.rstrip(b"\0") + END_MARKER, scale, strict=True)


def _decode(file: JPEGFile, data: bytes, scale: int, *, strict: bool) -> NDArray[np.uint8]:
    """Returns (H, W, 1), (H, W, 3) or (H, W, 4) uint8 pixels: grey, RGB or inverted CMYK.

    Raises:
        ValueError: decoding failed or, if `strict`, the decoder warned.
    """
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data,
        _TARGETS[len(file.components)],
        min_height=-(-file.height // scale),
        min_width=-(-file.width // scale),
        strict=strict,
    )
    return pixels


def _to_rgb(pixels: NDArray[np.uint8]) -> RGBImage:
    match pixels.shape[2]:
        case 1:
            return to_rgb(Image.fromarray(pixels[:, :, 0]))
        case 4:
            # As Photoshop and other programs write CMYK: 255 means no ink.
            return to_rgb(Image.fromarray(255 - pixels, "CMYK"))
        case _:
            return shrink_to_limit(pixels)


def _count_decoded_rows(pixels: NDArray[np.uint8]) -> int:
    """Returns the number of rows above the area that the decoder filled with a single colour."""
    filled = (pixels == pixels[-1, -1]).all(axis=(1, 2))
    return len(filled) - int(np.argmin(filled[::-1])) if not filled.all() else 0


def _count_sound_rows(file: JPEGFile, decoded_rows: int) -> int:
    if not file.cut:
        return 0
    if len(file.scans) > 1 or file.progressive:
        # All rows are present, though some only in coarse detail.
        return file.height if file.has_luma(file.scans[:-1]) else 0
    # The file ends in the last row of blocks that has any picture.
    whole_blocks = (decoded_rows - 1) // file.block_height * file.block_height
    return max(0, min(whole_blocks, file.height) - INTERPOLATED_ROWS)
