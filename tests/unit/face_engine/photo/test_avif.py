"""An AVIF is damaged if, and only if, its pixels are."""

import struct

import numpy as np
import pytest
from PIL import Image

from face_contract.errors import InvalidImage
from face_engine.faces import Damage
from face_engine.photo import decode_image
from face_engine.photo.avif_boxes import read_av1_items, write_avif
from face_engine.photo.limits import MAX_CHECKED_AVIF_PIXELS
from tests.support.avif_files import avif_files, put_index_last
from tests.support.damage import DAMAGES
from tests.support.hostile_files import lie_about_size
from tests.support.labels import PORTRAITS
from tests.support.paths import PHOTO_DIR
from tests.support.photo_files import encode, encode_turned

MAX_PIXELS = 64_000_000
UNKNOWN = Damage(sound=None)
# The headers of a picture, and of its frame, are shorter.
HEADER_BYTES = 40


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return [
        Image.open(PHOTO_DIR / portrait.file).convert("RGB").reduce(2) for portrait in PORTRAITS
    ]


def find_damage(data: bytes) -> Damage | None:
    return decode_image(data, MAX_PIXELS).damage


def pixels_start(data: bytes) -> int:
    return data.index(b"mdat") + 4


def test_sound_files_are_sound(photos: list[Image.Image]) -> None:
    files = list(avif_files(photos, 60, seed=1))
    assert [name for name, data in files if find_damage(data)] == []


def test_wrong_bits_in_pixels_are_noticed(photos: list[Image.Image]) -> None:
    """Those in a picture's headers may not be."""
    rng = np.random.default_rng(2)
    missed = []
    for name, data in avif_files(photos, 40, seed=3):
        starts = [(data.index(item), len(item)) for item in read_av1_items(data)]
        places = [range(start + HEADER_BYTES, start + size) for start, size in starts]
        for count in (1, 8, 64):
            wrong = bytearray(data)
            for at in rng.choice(np.concatenate(places), count):
                wrong[at] ^= 1 << int(rng.integers(8))
            if find_damage(bytes(wrong)) != UNKNOWN:
                missed.append((name, count))
    assert missed == []


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_pages_are_noticed(photos: list[Image.Image], kind: str) -> None:
    rng = np.random.default_rng(4)
    for photo in photos:
        data = encode(photo, "AVIF", speed=10, quality=90)
        for part in rng.uniform(pixels_start(data) / len(data), 1, 2):
            assert find_damage(DAMAGES[kind](data, max(part, 0.1), rng)) == UNKNOWN


def test_hardly_anything_is_no_image(photos: list[Image.Image]) -> None:
    data = encode(photos[0], "AVIF", speed=10, quality=90)
    for size in (40, pixels_start(data), len(data) // 17):
        with pytest.raises(InvalidImage):
            find_damage(data[:size])


def test_the_layout_of_the_file_does_not_matter(photos: list[Image.Image]) -> None:
    data = encode(photos[0], "AVIF", speed=10)
    rebuilt = put_index_last(data)
    assert (decode_image(rebuilt, MAX_PIXELS).rgb == decode_image(data, MAX_PIXELS).rgb).all()
    assert find_damage(rebuilt) is None
    middle = len(rebuilt) // 2
    assert find_damage(rebuilt[:middle] + b"?" + rebuilt[middle + 1 :]) == UNKNOWN


def test_broken_units_are_damage(photos: list[Image.Image]) -> None:
    data = encode(photos[0].convert("RGBA"), "AVIF", speed=10)
    for item in read_av1_items(data):
        assert find_damage(data.replace(item, item[:1] + b"\xff" * 9 + item[10:])) == UNKNOWN


def double_item(alone: bytes) -> bytes:
    """Lists the only item of a file a second time, with another id and the same data."""
    lists = (
        ("infe", ["iinf"], -4, 21),
        ("ipma", ["ipma", "iprp"], 12, 6),
        ("iloc", ["iloc"], 12, 16),
    )
    for name, parents, start, length in lists:
        at = alone.index(name.encode()) + start
        entry = alone[at : at + length]
        again = entry.replace(b"\0\1", b"\0\x09", 1)
        # The number of entries precedes them.
        alone = alone[: at - 2] + b"\0\2" + entry + again + alone[at + length :]
        for box in ("meta", *parents):
            at = alone.index(box.encode()) - 4
            size = int.from_bytes(alone[at : at + 4], "big") + length
            alone = alone[:at] + struct.pack(">I", size) + alone[at + 4 :]
    return alone


def test_an_unusual_index_is_no_damage(photos: list[Image.Image]) -> None:
    (item,) = read_av1_items(encode(photos[0], "AVIF", speed=10))
    doubled = double_item(write_avif(*photos[0].size, item))
    with pytest.raises(ValueError, match="overlapping"):
        read_av1_items(doubled)
    assert find_damage(doubled) is None


def test_large_pictures_are_not_checked() -> None:
    data = encode(Image.new("L", (6000, 5600), 128), "AVIF", speed=10)
    assert MAX_CHECKED_AVIF_PIXELS < 6000 * 5600
    assert find_damage(data[:-1] + b"\1") is None


def test_bytes_after_the_file_do_no_harm(photos: list[Image.Image]) -> None:
    data = encode(photos[0], "AVIF", speed=10)
    rng = np.random.default_rng(6)
    for rest in (b"\0", bytes(4096), rng.bytes(4096), b"\xff" * 100, data):
        assert find_damage(data + rest) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(photos: list[Image.Image], orientation: int) -> None:
    upright = photos[0]
    data = encode_turned(upright, "AVIF", orientation)
    photo = decode_image(data, MAX_PIXELS)
    assert (photo.width, photo.height) == upright.size
    assert np.abs(photo.rgb.astype(int) - np.asarray(upright)).mean() < 6
    photo = decode_image(data[:-99], MAX_PIXELS)
    assert (photo.width, photo.height, photo.damage) == (*upright.size, UNKNOWN)


def test_the_true_number_of_pixels_counts() -> None:
    large = encode(Image.new("L", (1200, 1000), 128), "AVIF", speed=10)
    at = large.index(b"ispe") + 8
    small = (
        large[:at]
        + encode(Image.new("L", (30, 20)), "AVIF", speed=10)[at : at + 8]
        + large[at + 8 :]
    )
    assert decode_image(small, 1_200_000).width == 30
    with pytest.raises(InvalidImage) as caught:
        decode_image(small, 1_199_999)
    assert caught.value.details == {"limit_pixels": 1_199_999}
    with pytest.raises(InvalidImage):
        decode_image(lie_about_size(large, "AVIF"), MAX_PIXELS)


def test_what_opencv_finds_is_not_logged(
    photos: list[Image.Image], capfd: pytest.CaptureFixture[str]
) -> None:
    data = encode(photos[0], "AVIF", speed=10)
    assert find_damage(data[:-99] + bytes(99)) == UNKNOWN
    assert capfd.readouterr() == ("", "")
