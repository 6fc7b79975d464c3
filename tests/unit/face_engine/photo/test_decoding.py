from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.faces import Damage, Photo, RGBImage
from face_engine.photo import decode_image
from face_engine.photo.limits import LONGEST_SIDE_PX
from tests.support.photo_files import encode, encode_turned

MANY_PIXELS = 64_000_000


def decode(data: bytes) -> RGBImage:
    return decode_image(data, MANY_PIXELS).rgb


@pytest.fixture
def quadrants() -> Image.Image:
    """Red, green, blue and white, row by row."""
    image = Image.new("RGB", (64, 48), "white")
    image.paste("red", (0, 0, 32, 24))
    image.paste("lime", (32, 0, 64, 24))
    image.paste("blue", (0, 24, 32, 48))
    return image


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_formats(quadrants: Image.Image, format: str) -> None:  # noqa: A002
    photo = decode_image(encode(quadrants, format), MANY_PIXELS)
    assert (photo.width, photo.height) == (64, 48)
    assert photo.rgb.shape == (48, 64, 3)
    assert photo.rgb.dtype == np.uint8
    assert np.abs(photo.rgb.astype(int) - np.asarray(quadrants)).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation(quadrants: Image.Image, format: str, orientation: int) -> None:  # noqa: A002
    data = encode_turned(quadrants, format, orientation)
    photo = decode_image(data, MANY_PIXELS)
    assert (photo.width, photo.height) == (64, 48)
    assert np.abs(photo.rgb.astype(int) - np.asarray(quadrants)).mean() < 6


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(
    quadrants: Image.Image, value: int
) -> None:
    exif = Image.Exif()
    exif[274] = value
    assert decode(encode(quadrants, "JPEG", exif=exif)).shape == (48, 64, 3)


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert (decode(encode(image, "PNG")) == 255).all()


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_large_photo_is_worked_on_in_a_smaller_copy(format: str) -> None:  # noqa: A002
    large = Image.new("RGB", (6000, 1500), "teal")
    photo = decode_image(encode(large, format), MANY_PIXELS)
    assert (photo.width, photo.height) == (6000, 1500)
    assert max(photo.rgb.shape) == LONGEST_SIDE_PX
    assert photo.rgb.shape == (512, LONGEST_SIDE_PX, 3)


def test_pixels_are_counted_before_they_are_decoded() -> None:
    data = encode(Image.new("L", (2000, 2000)), "PNG")
    assert decode_image(data, 4_000_000).width == 2000
    with pytest.raises(InvalidImage) as caught:
        decode_image(data, 3_999_999)
    assert caught.value.details == {"limit_pixels": 3_999_999}


@pytest.mark.parametrize(
    "data",
    [b"\0", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"<svg/>", b"%PDF-1.7"],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImage):
        decode_image(data, MANY_PIXELS)


def test_a_photo_keeps_its_faces_colours(decode_photo: Callable[[str], Photo]) -> None:
    # Skin is red before it is blue: a swap of channels would show here.
    skin = decode_photo("impostor_2.jpg").rgb[360:420, 340:360].reshape(-1, 3).mean(axis=0)
    assert skin[0] > skin[1] > skin[2]


@pytest.mark.parametrize("size", [8, 64, 4096])
def test_bytes_left_over_before_a_jpeg_s_end_are_damage_but_zeros_are_not(size: int) -> None:
    data = encode(Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 9), "JPEG")
    pixels, end = data[:-2], data[-2:]
    assert decode_image(pixels + bytes(size) + end, MANY_PIXELS).damage is None
    assert decode_image(pixels + b"?" * size + end, MANY_PIXELS).damage == Damage(sound=None)
