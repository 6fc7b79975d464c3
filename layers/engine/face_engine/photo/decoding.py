"""Decodes an image file into an upright photo."""

import io

import numpy as np
from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.faces import BoundingBox, Damage, Photo
from face_engine.photo import avif, jpeg, png, webp
from face_engine.photo.limits import (
    DECODER_ERRORS,
    MAX_READS,
    MAX_RUN_LENGTH_PIXELS,
    MAX_RUN_LENGTH_READS,
    check_pixels,
)
from face_engine.photo.orientation import SIDEWAYS, TRANSPOSITIONS, ignore_xmp, read_orientation
from face_engine.photo.pixels import DecodedImage, to_rgb
from face_engine.photo.tiff import has_damaged_jpeg

# The other photo formats that Pillow reads.
FORMATS = ("GIF", "BMP", "TIFF")

# The limit is checked here instead, on the pixels to be decoded rather than on the header's size.
Image.MAX_IMAGE_PIXELS = None


def decode_image(data: bytes, max_pixels: int) -> Photo:
    """Decodes an image file into a photo that is upright by its EXIF orientation.

    An animation gives its first frame. If a JPEG, PNG, WebP or AVIF is damaged, the photo says
    which part was decoded before the damage.

    Args:
        data: a JPEG, PNG, WebP or AVIF, or a file in one of `FORMATS`; HEIC too, if the package
            pillow-heif is installed.
        max_pixels: the most pixels to decode; checked on the header before decoding.

    Returns:
        The photo; its `rgb` is (H, W, 3) uint8.

    Raises:
        InvalidImage: the file has no supported format, is broken, has too many pixels, or is cut
            off so early that almost nothing decodes.
    """
    try:
        decoded = _decode(data, max_pixels)
    except DECODER_ERRORS as error:
        raise InvalidImage from error
    return _make_upright(decoded)


def _decode(data: bytes, max_pixels: int) -> DecodedImage:
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.decode_jpeg(data, max_pixels)
    if data.startswith(png.SIGNATURE):
        return png.decode_png(data, max_pixels)
    if webp.is_webp(data):
        return webp.decode_webp(data, max_pixels)
    if avif.is_avif(data):
        return avif.decode_avif(data, max_pixels)
    return _decode_other(data, max_pixels)


class ReadLimitedFile(io.BytesIO):
    """A file in memory with a limit on the number of reads."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = 0
        self.max_reads = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads the next bytes.

        Raises:
            ValueError: the limit is reached: the file consists of too many tiny pieces.
        """
        self._reads += 1
        if self._reads > self.max_reads:
            raise ValueError("too many reads")
        return super().read(size)


def _decode_other(data: bytes, max_pixels: int) -> DecodedImage:
    file = ReadLimitedFile(data)
    with Image.open(file, formats=_formats_of(data)) as image:
        width, height = image.size
        check_pixels(width * height, max_pixels)
        # BI_RLE8 and BI_RLE4.
        if image.format in ("BMP", "DIB") and image.info.get("compression") in (1, 2):
            if width * height > MAX_RUN_LENGTH_PIXELS:
                raise InvalidImage(
                    "The run-length encoded BMP has too many pixels.",
                    {"limit_pixels": MAX_RUN_LENGTH_PIXELS},
                )
            file.max_reads = MAX_RUN_LENGTH_READS
        # Where in the photo the damage lies is not known.
        sound_rows = 0 if has_damaged_jpeg(image, data) else None
        ignore_xmp(image)
        rgb = to_rgb(image)
        return DecodedImage(rgb, width, height, read_orientation(image), sound_rows)


def _formats_of(data: bytes) -> tuple[str, ...]:
    # The ftyp box: the main brand, then the compatible brands.
    brands = data[8 : int.from_bytes(data[:4], "big")] if data[4:8] == b"ftyp" else b""
    if not brands.startswith((b"he", b"mif1", b"msf1")):
        return FORMATS
    try:
        # Optional: its wheel contains x265, which is under the GPL, and takes 26 MB.
        import pillow_heif
    except ImportError as error:
        raise InvalidImage("HEIC images are not supported by this deployment.") from error
    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def _make_upright(decoded: DecodedImage) -> Photo:
    rgb, width, height = decoded.rgb, decoded.width, decoded.height
    damage = None if decoded.sound_rows is None else _locate_damage(decoded, decoded.sound_rows)
    if decoded.orientation in TRANSPOSITIONS:
        rgb = np.asarray(TRANSPOSITIONS[decoded.orientation](rgb), np.uint8)
    if decoded.orientation in SIDEWAYS:
        width, height = height, width
    return Photo(rgb, width, height, damage)


def _locate_damage(decoded: DecodedImage, rows: int) -> Damage:
    """Returns where the first rows of the stored image lie in the upright photo."""
    if rows == 0:
        return Damage(sound=None)
    across, along = decoded.width, decoded.height
    # Depends on the side of the upright photo on which the stored image's first row lies.
    match decoded.orientation:
        case 3 | 4:
            return Damage(BoundingBox(0, along - rows, across, rows))
        case 5 | 8:
            return Damage(BoundingBox(0, 0, rows, across))
        case 6 | 7:
            return Damage(BoundingBox(along - rows, 0, rows, across))
        case _:
            return Damage(BoundingBox(0, 0, across, rows))
