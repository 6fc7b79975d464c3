import io
import struct

import numpy as np
import pytest
from PIL import Image

from face_engine.photo.av1 import read_picture
from face_engine.photo.avif_boxes import declared_bytes, is_avif, read_av1_items, write_avif
from face_engine.photo.limits import DECODER_ERRORS
from tests.support.avif_files import avif_files
from tests.support.photo_files import encode


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def index(locations: bytes, *others: bytes) -> bytes:
    entry = box(b"infe", struct.pack(">IHH4sx", 2 << 24, 7, 0, b"av01"))
    entries = box(b"iinf", struct.pack(">IH", 0, 1) + entry)
    return box(b"meta", b"".join([bytes(4), entries, box(b"iloc", locations), *others]))


@pytest.fixture
def grey() -> Image.Image:
    return Image.effect_mandelbrot((70, 50), (-2, -1, 1, 1), 9)


def test_a_picture_is_the_same_in_a_file_of_its_own(grey: Image.Image) -> None:
    data = encode(grey, "AVIF", speed=10)
    (item,) = read_av1_items(data)
    alone = write_avif(*grey.size, item)
    assert read_av1_items(alone) == [item]
    pixels = [np.asarray(Image.open(io.BytesIO(file))) for file in (data, alone)]
    assert (pixels[0] == pixels[1]).all()


def test_sizes_are_those_of_the_files(grey: Image.Image) -> None:
    for name, data in avif_files([grey], 20, seed=8):
        assert is_avif(data)
        assert declared_bytes(data) == declared_bytes(data[:-20]) == len(data), name
        assert declared_bytes(data + b"\xff" * 40) == len(data)
        assert all(item in data for item in read_av1_items(data))
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        assert not is_avif(encode(grey, kind))


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0\0\0\7abcd", box(b"meta", b""), b"?" * 99])
def test_files_without_an_index_have_no_items(data: bytes) -> None:
    assert read_av1_items(data) == []


def test_all_spellings_of_a_location() -> None:
    content = b"the first part, the second part"
    inside = box(b"idat", content)
    # 64-bit sizes, and a last box of size 0.
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + len(content)) + content
    last = struct.pack(">I4s", 0, b"mdat") + content
    # Version 0, 4-byte numbers: one item in two parts, which need not be in order.
    start = len(index(bytes(30)))
    old = struct.pack(">IHHHHHIIII", 0, 0x4400, 1, 7, 0, 2, start + 24, 7, start + 16, 8)
    assert read_av1_items(index(old) + large) == [content[8:15] + content[:8]]
    # Version 1: an index of 4 bytes for each part, and a base of 4 bytes.
    start = len(index(bytes(32)))
    new = struct.pack(">IHHHHHIHIII", 1 << 24, 0x4444, 1, 7, 0, 0, start, 1, 1, 12, 5)
    assert read_av1_items(index(new) + last) == [content[4:9]]
    # Version 2: ids of 4 bytes; here in the index itself, and all of it.
    inner = struct.pack(">IHIIHHHII", 2 << 24, 0x4400, 1, 7, 1, 0, 1, 0, len(content))
    assert read_av1_items(index(inner, inside)) == [content]
    # Items of another type, and of another file.
    assert read_av1_items(index(struct.pack(">IHHHHHII", 0, 0x4400, 1, 9, 0, 1, 0, 9))) == []
    elsewhere = struct.pack(">IHIIHHHII", 2 << 24, 0x4400, 1, 7, 2, 0, 1, 0, 9)
    assert read_av1_items(index(elsewhere)) == []


def test_parts_that_overlap_are_refused_before_they_are_copied() -> None:
    count = 10_000
    parts = struct.pack(">II", 0, 1 << 20) * count
    locations = struct.pack(">IHHHHH", 0, 0x4400, 1, 7, 0, count) + parts
    with pytest.raises(ValueError, match="overlapping"):
        read_av1_items(index(locations) + bytes(1 << 20))
    # Parts that take no bytes of the index.
    locations = struct.pack(">IHHHHH", 0, 0, 1, 7, 0, 0xFFFF)
    with pytest.raises(ValueError, match="a broken index"):
        read_av1_items(index(locations))


def test_a_broken_index_raises_only_what_decoders_raise(grey: Image.Image) -> None:
    rng = np.random.default_rng(9)
    data = encode(grey, "AVIF", speed=10)
    end = data.index(b"mdat")
    outcomes = set()
    for _ in range(2_000):
        broken = bytearray(data)
        for at in rng.integers(0, end, 2):
            broken[at] = int(rng.integers(256))
        try:
            outcomes.add(len([read_picture(item) for item in read_av1_items(bytes(broken))]))
        except DECODER_ERRORS:
            outcomes.add(-1)
    assert outcomes == {-1, 0, 1}
