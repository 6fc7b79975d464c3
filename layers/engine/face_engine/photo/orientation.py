"""EXIF orientation: read it, and make a photo upright by it."""

from PIL import ExifTags, Image

from face_engine.photo.limits import DECODER_ERRORS

EXIF_HEADER = b"Exif\0\0"

# EXIF orientations by what makes them upright (CIPA DC-008, tag 274); 1 is upright.
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
    """Returns the orientation in a block of EXIF; None if it has none or is broken."""
    if not exif:
        return None
    block = Image.Exif()
    try:
        block.load(exif)
        orientation = block.get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        # A photo with broken EXIF is a photo.
        return None
    return orientation if isinstance(orientation, int) else None


def forget_xmp(image: Image.Image) -> None:
    """Makes Pillow not take the orientation from XMP, which other programs do not apply.

    Args:
        image: opened, not loaded: Pillow turns a TIFF when it loads it.
    """
    for name in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(name, None)


def read_orientation(image: Image.Image) -> int | None:
    """Returns the EXIF orientation of an image that Pillow has opened; None as above."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        return None
    return orientation if isinstance(orientation, int) else None
