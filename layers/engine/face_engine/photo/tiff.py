"""Finds damage in the JPEG data of a TIFF, which its decoder hides."""

import simplejpeg
from PIL import Image, TiffImagePlugin

# TIFF 6.0 and Technical Note 2: compression 7 is JPEG; tables that all parts share lie apart.
JPEG = 7
OFFSETS = (TiffImagePlugin.STRIPOFFSETS, TiffImagePlugin.TILEOFFSETS)
LENGTHS = (TiffImagePlugin.STRIPBYTECOUNTS, TiffImagePlugin.TILEBYTECOUNTS)
START, END = b"\xff\xd8", b"\xff\xd9"


def has_damaged_jpeg(image: Image.Image, data: bytes) -> bool:
    """Whether a TIFF has JPEG data that libjpeg decodes only by guessing.

    Args:
        image: the opened file.
        data: its content.

    Raises:
        KeyError, TypeError: its directory lacks what decoding needs.
    """
    tags = getattr(image, "tag_v2", {})
    if tags.get(TiffImagePlugin.COMPRESSION) != JPEG:
        return False
    kind = 0 if OFFSETS[0] in tags else 1
    tables = bytes(tags.get(TiffImagePlugin.JPEGTABLES, b""))
    parts = zip(tags[OFFSETS[kind]], tags[LENGTHS[kind]], strict=True)
    return any(_is_damaged(data[offset : offset + length], tables) for offset, length in parts)


def _is_damaged(part: bytes, tables: bytes) -> bool:
    if tables.endswith(END) and part.startswith(START):
        part = tables.removesuffix(END) + part.removeprefix(START)
    try:
        # Grey at the smallest scale: only the reading of the data matters.
        simplejpeg.decode_jpeg(part, "GRAY", min_height=1, min_width=1, strict=True)
    except ValueError:
        return True
    return False
