"""Valid photos with odd metadata: it is not used, so it refuses nothing and changes nothing."""

import io
import random
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.conftest import Extract, ReadPhoto
from tests.support.hostile_files import chunk
from tests.support.photo_files import encode

BEFORE_PIXELS = 33
AFTER_START = 2


@pytest.fixture(scope="module")
def portrait(read_photo: ReadPhoto) -> Image.Image:
    return Image.open(io.BytesIO(read_photo("impostor_2.jpg"))).convert("RGB").resize((374, 450))


def add_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    return data[:BEFORE_PIXELS] + chunk(kind, body) + data[BEFORE_PIXELS:]


def add_segment(data: bytes, marker: int, body: bytes) -> bytes:
    segment = struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    return data[:AFTER_START] + segment + data[AFTER_START:]


def add_webp_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """Behind the pixels, after the chunk that announces it."""
    whole = data[8:] + kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def wrong_checksum(data: bytes, kind: bytes, body: bytes) -> bytes:
    broken = bytearray(chunk(kind, body))
    broken[-1] ^= 1
    return data[:BEFORE_PIXELS] + broken + data[BEFORE_PIXELS:]


def remove_segment(data: bytes, marker: int) -> bytes:
    at = data.index(bytes([0xFF, marker]))
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


NOISE = random.Random(3).randbytes(1_500_000)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'

PNGS: dict[str, Callable[[bytes], bytes]] = {
    "a long compressed text": lambda d: add_chunk(d, b"zTXt", b"C\0\0" + zlib.compress(NOISE)),
    "a text that grows": lambda d: add_chunk(d, b"zTXt", b"C\0\0" + zlib.compress(bytes(9**8))),
    "a long international text": lambda d: add_chunk(
        d, b"iTXt", b"C\0\1\0\0\0" + zlib.compress(NOISE)
    ),
    "many long texts": lambda d: add_chunk(
        add_chunk(d, b"tEXt", b"A\0" + b"x" * 900_000), b"tEXt", b"B\0" + b"x" * 900_000
    ),
    "a large profile": lambda d: add_chunk(d, b"iCCP", b"C\0\0" + zlib.compress(NOISE)),
    "a broken profile": lambda d: add_chunk(d, b"iCCP", b"C\0\0no zlib"),
    "a broken text": lambda d: add_chunk(d, b"zTXt", b"C\0\0no zlib"),
    "a short physical size": lambda d: add_chunk(d, b"pHYs", b"\0"),
    "a wrong checksum of a text": lambda d: wrong_checksum(d, b"tEXt", b"C\0hello"),
    "a wrong checksum of a gamma": lambda d: wrong_checksum(d, b"gAMA", b"\0\0\xb1\x8f"),
    "a broken animation": lambda d: add_chunk(d, b"acTL", b"\0"),
    "no end": lambda d: d[:-12],
    "junk behind": lambda d: d + b"junk" * 99,
}
JPEGS: dict[str, Callable[[bytes], bytes]] = {
    "a short APP0": lambda d: add_segment(remove_segment(d, 0xE0), 0xE0, b"JFIF\0"),
    "a shorter APP0": lambda d: add_segment(remove_segment(d, 0xE0), 0xE0, b"JFIF\0\1"),
    "an unknown JFIF version": lambda d: d.replace(b"JFIF\0\1", b"JFIF\0\7", 1),
    "no APP0": lambda d: remove_segment(d, 0xE0),
    "a short APP2": lambda d: add_segment(d, 0xE2, b"ICC_PROFILE\0"),
    "a broken profile": lambda d: add_segment(d, 0xE2, b"ICC_PROFILE\0\x07\x03abc"),
    "a short index of images": lambda d: add_segment(d, 0xE2, b"MPF\0II*\0"),
    "a short APP13": lambda d: add_segment(d, 0xED, b"Photoshop 3.0\x008BIM\4\4"),
    "a short APP14": lambda d: add_segment(d, 0xEE, b"Adobe"),
    "an empty APP14": lambda d: add_segment(d, 0xEE, b""),
    "an unknown transform": lambda d: add_segment(d, 0xEE, b"Adobe\0\x64\0\0\0\0\x09"),
    "an empty APP1": lambda d: add_segment(d, 0xE1, b""),
    "a short EXIF": lambda d: add_segment(d, 0xE1, b"Exif\0\0II"),
    "zeros before the end": lambda d: d[:-2] + bytes(9) + d[-2:],
    "fill bytes before the end": lambda d: d[:-2] + b"\xff" * 9 + d[-2:],
    "two ends": lambda d: d + d[-2:],
    "zeros behind the end": lambda d: d + bytes(5000),
}
WEBPS: dict[str, Callable[[bytes], bytes]] = {
    "a broken EXIF": lambda d: add_webp_chunk(d, b"EXIF", b"Exif\0\0II"),
    "a broken XMP": lambda d: add_webp_chunk(d, b"XMP ", b"\xff"),
    "an unknown chunk": lambda d: add_webp_chunk(d, b"junk", NOISE[:999]),
    "junk behind": lambda d: d + b"junk" * 99,
}


@pytest.mark.parametrize("odd", PNGS)
def test_a_png_with(extract_locally: Extract, portrait: Image.Image, odd: str) -> None:
    data = encode(portrait, "PNG")
    assert_same(extract_locally, data, PNGS[odd](data))


@pytest.mark.parametrize("odd", JPEGS)
def test_a_jpeg_with(extract_locally: Extract, portrait: Image.Image, odd: str) -> None:
    data = encode(portrait, "JPEG", quality=95)
    assert_same(extract_locally, data, JPEGS[odd](data))


@pytest.mark.parametrize("odd", WEBPS)
@pytest.mark.parametrize("extended", [False, True])
def test_a_webp_with(
    extract_locally: Extract, portrait: Image.Image, odd: str, extended: bool
) -> None:
    data = encode(portrait, "WEBP", **({"icc_profile": b"none"} if extended else {}))
    assert_same(extract_locally, data, WEBPS[odd](data))


def assert_same(extract: Extract, usual: bytes, odd: bytes) -> None:
    assert usual != odd
    expected, answer = extract(usual), extract(odd)
    assert answer["face_count"] == 1
    assert answer["warnings"] == []
    assert answer["embedding"] == expected["embedding"]
    assert answer["facial_area"] == expected["facial_area"]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_an_orientation_that_only_xmp_has_is_not_applied(
    extract_locally: Extract,
    portrait: Image.Image,
    format: str,  # noqa: A002
) -> None:
    plain = encode(portrait, format, quality=90)
    options = {"tiffinfo": {700: XMP}} if format == "TIFF" else {"xmp": XMP}
    if format == "PNG":
        turned = add_chunk(plain, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    else:
        turned = encode(portrait, format, quality=90, **options)
    assert Image.open(io.BytesIO(turned)).getexif()[274] == 6
    assert extract_locally(turned)["facial_area"] == extract_locally(plain)["facial_area"]


def test_exif_that_is_kept_as_text_is_read(extract: Extract, portrait: Image.Image) -> None:
    exif = Image.Exif()
    exif[274] = 8
    digits = exif.tobytes().hex().encode()
    text = b"\nexif\n%8d\n%s\n" % (len(digits) // 2, digits)
    sideways = encode(portrait.rotate(270, expand=True), "PNG")
    body = b"Raw profile type exif\0\0" + zlib.compress(text)
    area = extract(add_chunk(sideways, b"zTXt", body))["facial_area"]
    assert area == extract(encode(portrait, "PNG"))["facial_area"]
