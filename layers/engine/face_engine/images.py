"""Turns base64 text into the bytes of an image file, and those into an upright photo."""

import base64
import binascii
import io
import re
import struct
import zlib

import numpy as np
from PIL import ExifTags, Image

from face_contract.errors import InvalidImage, PayloadTooLarge
from face_engine.faces import Photo

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
# Faces are found in smaller copies and embedded from 112 px: more pixels cost time and memory only.
LONGEST_SIDE_PX = 2048
# A JPEG that decodes at reduced scale may have more pixels than the limit, but not any number.
MOST_REDUCED_PIXELS = 200_000_000
# A progressive JPEG may go over all of its pixels again with every 90 bytes: 5 s for 100 times over
# 64 megapixels. Cameras and web pages do so up to 15 times.
MOST_SCANNED_PIXELS = 1_600_000_000
# A run-length encoded BMP is unpacked in Python: with two reads for each run, and byte for byte.
MOST_RUN_LENGTH_PIXELS = 5_000_000
MOST_RUN_LENGTH_READS = 1_500_000
MOST_PREFIX_CHARS = 200
# Pillow reads blocks of metadata one by one, in Python: 10 MB of tiny ones take 6 seconds. A PNG of
# 10 MB takes 4,000 reads as it is usually written, and 30,000 in pieces of 1 KB.
MOST_READS = 50_000
# What Pillow and the decoders below it raise for bytes that are not what their header says.
_DECODER_ERRORS = (
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

# `decode_image` counts pixels itself, by what will be decoded and not by what the header says.
Image.MAX_IMAGE_PIXELS = None


def decode_base64(text: str, max_bytes: int) -> bytes:
    """Returns the bytes that base64 text stands for.

    A `data:` prefix, white space, the URL-safe alphabet and missing padding are accepted.

    Raises:
        InvalidImage: anything else is in it.
        PayloadTooLarge: more than `max_bytes` bytes would come out.
    """
    text = text.lstrip()
    if text[:5].lower() == "data:":
        header, comma, _ = text[:MOST_PREFIX_CHARS].partition(",")
        if not comma or not "".join(header.lower().split()).endswith(";base64"):
            raise InvalidImage("The image's data: prefix is not one of base64.")
        text = text[len(header) + 1 :]
    try:
        digits = text.encode("ascii").translate(_URL_SAFE_TO_STANDARD, _WHITE_SPACE).rstrip(b"=")
        if len(digits) * 3 // 4 > max_bytes:
            raise PayloadTooLarge(max_bytes)
        data = base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidImage("The image is not valid base64.") from error
    if not data:
        raise InvalidImage("The image is empty.")
    return data


_WHITE_SPACE = b" \t\r\n\v\f"
_URL_SAFE_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


class BoundedReads(io.BytesIO):
    """A file in memory that is read so many times and no more."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = 0
        self.most_reads = MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads the next bytes.

        Raises:
            ValueError: the file is made of too many tiny pieces.
        """
        self._reads += 1
        if self._reads > self.most_reads:
            raise ValueError("too many reads")
        return super().read(size)


def decode_image(data: bytes, max_pixels: int) -> Photo:
    """Returns the photo in an image file, upright as its EXIF orientation says.

    Of an animation it is the first frame. A JPEG that lacks nothing but its end marker is decoded;
    one that is cut in its scan data is not.

    Args:
        data: an image file in one of `FORMATS`; or HEIC, if the package pillow-heif is installed.
        max_pixels: how many pixels may be decoded. The header is asked before anything is decoded.

    Raises:
        InvalidImage: it is no such file, is broken, or has too many pixels.
    """
    try:
        file = BoundedReads(data)
        with Image.open(file, formats=_formats_of(data)) as image:
            width, height = image.size
            scans = count_scans(data) if image.format in ("JPEG", "MPO") else 1
            _reduce_jpeg(image)
            _check_pixels(image, width * height, scans, max_pixels)
            if _has_runs(image):
                file.most_reads = MOST_RUN_LENGTH_READS
            try:
                rgb = _to_rgb(image)
            except OSError:
                if image.format == "JPEG" and lacks_only_end_marker(data):
                    return decode_image(data + JPEG_END_MARKER, max_pixels)
                raise
            # After loading: a PNG may keep its EXIF behind its pixels.
            orientation = _read_orientation(image)
    except _DECODER_ERRORS as error:
        raise InvalidImage from error
    if orientation in _TRANSPOSITIONS:
        rgb = rgb.transpose(_TRANSPOSITIONS[orientation])
    if orientation in _SIDEWAYS:
        width, height = height, width
    return Photo(np.asarray(rgb), width, height)


def _formats_of(data: bytes) -> tuple[str, ...]:
    # The box of brands: the file's own, and those that it can be read as.
    brands = data[8 : int.from_bytes(data[:4], "big")] if data[4:8] == b"ftyp" else b""
    if b"avif" in brands or not brands.startswith((b"he", b"mif1", b"msf1")):
        return FORMATS
    try:
        # Optional: its wheel holds x265, which is under the GPL, and 26 MB.
        import pillow_heif
    except ImportError as error:
        raise InvalidImage("HEIC images are not supported by this deployment.") from error
    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def _reduce_jpeg(image: Image.Image) -> None:
    # A JPEG decodes at 1/2, 1/4 or 1/8 for a fraction of the time and memory.
    shrink = min(1.0, LONGEST_SIDE_PX / max(image.size))
    image.draft("RGB", (max(1, int(image.width * shrink)), max(1, int(image.height * shrink))))


def _check_pixels(image: Image.Image, stored_pixels: int, scans: int, max_pixels: int) -> None:
    # Of a JPEG in several scans the decoder keeps all coefficients, whatever scale comes out.
    whole = scans > 1 or bool(image.info.get("progressive"))
    decoded_pixels = stored_pixels if whole else image.width * image.height
    if decoded_pixels > max_pixels or stored_pixels > max(MOST_REDUCED_PIXELS, max_pixels):
        raise InvalidImage(
            f"The image has more than {max_pixels} pixels to decode.", {"limit_pixels": max_pixels}
        )
    if scans * stored_pixels > max(MOST_SCANNED_PIXELS, max_pixels):
        raise InvalidImage("The JPEG has too many scans for its size.")
    if _has_runs(image) and stored_pixels > MOST_RUN_LENGTH_PIXELS:
        raise InvalidImage(
            "The run-length encoded BMP has too many pixels.",
            {"limit_pixels": MOST_RUN_LENGTH_PIXELS},
        )


def _has_runs(image: Image.Image) -> bool:
    # BI_RLE8 and BI_RLE4.
    return image.format in ("BMP", "DIB") and image.info.get("compression") in (1, 2)


# Scan data holds none of these: there FF is followed by 00 or by a restart marker, D0 to D7.
_JPEG_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def count_scans(data: bytes) -> int:
    """Returns how many times a JPEG goes over its pixels; images behind it do not count.

    Raises:
        ValueError: it is made of too many tiny segments.
    """
    scans, position = 0, 2
    for _ in range(MOST_READS):
        marker = _JPEG_MARKER.search(data, position)
        if marker is None or marker[1][0] == _END_OF_IMAGE:
            return scans
        scans += marker[1][0] == _START_OF_SCAN
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    raise ValueError("too many segments")


JPEG_END_MARKER = b"\xff\xd9"


def lacks_only_end_marker(data: bytes) -> bool:
    """Tells whether all scan data of a JPEG that has no end marker is there.

    Pillow refuses such a file, and with a marker appended accepts any cut, grey below it. Only a
    decoder that tells its warnings knows: libjpeg warns when it needs bits that are not there. Of a
    progressive JPEG that ends between two scans it does not: that is a whole image, only coarser.
    """
    import simplejpeg

    if data.endswith(JPEG_END_MARKER):
        return False
    try:
        *_, colour_space, _ = simplejpeg.decode_jpeg_header(data)
        target = "CMYK" if colour_space in ("CMYK", "YCCK") else "GRAY"
        simplejpeg.decode_jpeg(
            data + JPEG_END_MARKER, target, min_height=1, min_width=1, strict=True
        )
    except ValueError:
        return False
    return True


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
        # Of 65,536 greys, 256.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        # As 64-bit numbers a large one would take a gigabyte.
        image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        image = _stretch(image)
    elif image.mode in ("P", "PA", "1"):
        # An index or a bit cannot be averaged.
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")


def _stretch(image: Image.Image) -> Image.Image:
    # 32-bit greys have no agreed white: the brightest pixel is.
    greys = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0)
    greys -= greys.min()
    return Image.fromarray((greys * (255 / max(greys.max(), 1e-9))).astype(np.uint8))
