"""Decodes PNGs; for a damaged one, the rows before the damage."""

import io

from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.faces import RGBImage
from face_engine.photo.limits import DECODER_ERRORS, MIN_DECODED_PART, check_pixels
from face_engine.photo.orientation import parse_orientation
from face_engine.photo.pixels import DecodedImage, extend_down, to_rgb, without_trusted_rows
from face_engine.photo.png_chunks import SIGNATURE, read_chunks

__all__ = ["SIGNATURE", "decode_png"]


def decode_png(data: bytes, max_pixels: int) -> DecodedImage:
    """Decodes a PNG; for an animated one, the default image that other programs show.

    Raises:
        InvalidImage: it has too many pixels, or almost nothing of it decodes.
        face_engine.photo.limits.DECODER_ERRORS: it is not a PNG.
    """
    file = read_chunks(data)
    width, height = file.size
    check_pixels(width * height, max_pixels)
    orientation = parse_orientation(file.exif)
    try:
        rgb = _decode(file.write([body for body, _ in file.pixels], height))
        sound_rows = None if file.sound_colours and file.has_verified_pixels() else 0
    except DECODER_ERRORS:
        rows = file.count_rows()
        if rows is not None and file.has_right_checksums and rows < height * MIN_DECODED_PART:
            raise InvalidImage from None
        if not rows or file.interlaced or not file.sound_colours:
            return without_trusted_rows(width, height, orientation)
        rgb = extend_down(_decode(file.write(file.sound_pixels(), rows)), width, height)
        sound_rows = rows
    return DecodedImage(rgb, width, height, orientation, sound_rows)


def _decode(data: bytes) -> RGBImage:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return to_rgb(image)
