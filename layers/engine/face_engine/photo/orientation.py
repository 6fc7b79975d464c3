"""Reads the EXIF orientation, and rotates a photo upright."""

from PIL import ExifTags, Image

from face_engine.photo.limits import DECODER_ERRORS

EXIF_HEADER = b"Exif\0\0"

# The transposition that makes each EXIF orientation upright (CIPA DC-008, tag 274); 1 is upright.
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
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
