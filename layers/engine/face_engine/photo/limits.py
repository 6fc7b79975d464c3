"""Decoding limits, and the exceptions that decoders raise."""

import struct
import zlib

from face_contract.errors import InvalidImage

# Faces are found in smaller copies and embedded at 112 px, so more pixels only cost time and
# memory.
LONGEST_SIDE_PX = 2048
# JPEGs that decode at reduced scale may exceed the usual limit, up to this.
MAX_REDUCED_PIXELS = 200_000_000
# A progressive JPEG can revisit all of its pixels with every 90 bytes: 100 passes over 64
# megapixels take 5 s. Cameras and web pages use up to 15 passes.
MAX_SCANNED_PIXELS = 1_600_000_000
# A run-length encoded BMP is unpacked in Python, byte by byte, with two reads per run.
MAX_RUN_LENGTH_PIXELS = 5_000_000
MAX_RUN_LENGTH_READS = 1_500_000
# Pieces of a file are read one by one in Python: 10 MB of tiny ones take 6 seconds. A normal PNG of
# 10 MB takes 4,000 reads, and one in pieces of 1 KB takes 30,000.
MAX_READS = 50_000
# libwebp decodes at full scale and takes 15 bytes a pixel: 500 MB for this many. Of the other
# formats, a PNG of 64 megapixels with alpha takes the most, 570 MB.
MAX_WEBP_PIXELS = 32_000_000
# Larger AVIFs are not checked for damage: libaom takes 15 to 19 bytes a pixel.
MAX_CHECKED_AVIF_PIXELS = 32_000_000
# A cut file is refused if less than this part of it decodes.
MIN_DECODED_PART = 1 / 16

# Raised by Pillow and the decoders below it for bytes that do not match their header.
DECODER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def check_pixels(decoded_pixels: int, max_pixels: int) -> None:
    """Checks the number of pixels before decoding.

    Raises:
        InvalidImage: the image has more than `max_pixels` pixels.
    """
    if decoded_pixels > max_pixels:
        raise InvalidImage(
            f"The image has more than {max_pixels} pixels to decode.", {"limit_pixels": max_pixels}
        )
