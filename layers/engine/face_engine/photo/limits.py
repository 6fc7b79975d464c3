"""How much may be decoded, and what decoders raise."""

import struct
import zlib

from face_contract.errors import InvalidImage

# Faces are found in smaller copies and embedded from 112 px: more pixels cost time and memory only.
LONGEST_SIDE_PX = 2048
# A JPEG that decodes at reduced scale may have more pixels than the limit, but not any number.
MAX_REDUCED_PIXELS = 200_000_000
# A progressive JPEG may go over all of its pixels again with every 90 bytes: 5 s for 100 times over
# 64 megapixels. Cameras and web pages do so up to 15 times.
MAX_SCANNED_PIXELS = 1_600_000_000
# A run-length encoded BMP is unpacked in Python: with two reads for each run, and byte for byte.
MAX_RUN_LENGTH_PIXELS = 5_000_000
MAX_RUN_LENGTH_READS = 1_500_000
# Pieces of a file are read one by one, in Python: 10 MB of tiny ones take 6 seconds. A PNG of
# 10 MB takes 4,000 reads as it is usually written, and 30,000 in pieces of 1 KB.
MAX_READS = 50_000
# libwebp decodes at full scale into 15 bytes a pixel: these take 500 MB. Of other formats, a PNG
# of 64 megapixels with alpha takes most, 570 MB.
MAX_WEBP_PIXELS = 32_000_000
# A cut file of which less decodes is no photo.
MIN_DECODED_PART = 1 / 16

# What Pillow and the decoders below it raise for bytes that are not what their header says.
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
    """Refuses an image before it is decoded.

    Raises:
        InvalidImage: it has more pixels than may be decoded.
    """
    if decoded_pixels > max_pixels:
        raise InvalidImage(
            f"The image has more than {max_pixels} pixels to decode.", {"limit_pixels": max_pixels}
        )
