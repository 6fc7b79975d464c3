import numpy as np
import pytest
from PIL import Image

from face_engine.photo.av1 import read_picture
from face_engine.photo.avif_boxes import read_av1_items
from tests.support.avif_files import avif_files

# Written by hand from section 5.5 of the AV1 specification. The sides are stored less 1, after the
# number of their bits less 1.
STILL_HEADER = [
    "00011",  # profile, still picture, reduced
    "00000",  # level
    f"{1:04b}{0:04b}{1:02b}{0:01b}",  # 2 × 1 pixels
]
VIDEO_HEADER = [
    "00000",  # profile, still picture, reduced
    f"1{1:032b}{25:032b}100101",  # timing, equal intervals, an exp-Golomb number
    f"1{3:05b}{1:032b}{9:05b}{9:05b}",  # decoder model: delays have 4 bits
    f"1{1:05b}",  # initial delays; two operating points
    f"{0:012b}{12:05b}1101100110110111",
    f"{0:012b}{4:05b}00",
    f"{10:04b}{9:04b}{1919:011b}{799:010b}",  # 1920 × 800 pixels
]


def header(fields: list[str]) -> bytes:
    bits = "".join(fields) + "1"
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return unit(1, int(bits, 2).to_bytes(len(bits) // 8, "big"))


def unit(kind: int, body: bytes) -> bytes:
    return bytes([kind << 3 | 2, len(body)]) + body


def test_the_size_is_that_of_the_photo() -> None:
    photo = Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 9)
    for name, data in avif_files([photo], 40, seed=5):
        size = name[name.index("(") + 1 : name.index(")")]
        items = [read_picture(item) for item in read_av1_items(data)]
        assert len(items) == (2 if "RGBA" in name else 1)
        for item in items:
            assert f"{item.width}, {item.height}" == size
            assert item.pixels == item.width * item.height


def test_headers() -> None:
    still = read_picture(header(STILL_HEADER) + unit(6, b"?"))
    assert (still.width, still.height, still.frames, still.pixels) == (2, 1, 1, 2)
    delimiter, frames = unit(2, b""), unit(6, b"?") + unit(3, b"?")
    video = read_picture(delimiter + header(VIDEO_HEADER) + frames)
    assert (video.width, video.height, video.frames) == (1920, 800, 2)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5, 8, 13, 100])
def test_what_is_no_picture_is_refused(length: int) -> None:
    rng = np.random.default_rng(length)
    for _ in range(200):
        with pytest.raises((ValueError, LookupError)):
            read_picture(rng.bytes(length))


def test_a_picture_has_one_header_and_a_frame() -> None:
    one, frame = header(STILL_HEADER), unit(6, b"?")
    for data in (one, frame, one + one + frame):
        with pytest.raises(ValueError, match="no picture"):
            read_picture(data)


def test_a_header_that_ends_early_is_refused() -> None:
    whole = header(VIDEO_HEADER)[2:]
    for length in range(len(whole) - 1):
        with pytest.raises(ValueError, match="too few bits"):
            read_picture(unit(1, whole[:length]) + unit(6, b"?"))


def test_endless_pieces_are_refused() -> None:
    with pytest.raises(ValueError, match="too many units"):
        read_picture(unit(2, b"") * 60_000)
    with pytest.raises(ValueError, match="a broken number"):
        read_picture(b"\x0a" + b"\xff" * 9)
