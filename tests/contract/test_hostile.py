"""Files that are not what they say: always 400 or 413 in the envelope, and nothing is kept."""

import base64
import gc
import io
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from face_contract.schemas import ErrorResponse
from tests.conftest import ReadPhoto

PATH = "/api/v1/extract-embedding"
MOST_SECONDS = 2
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")


def encode(image: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png(width: int, height: int, pixels: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def lie_about_size(data: bytes, format: str) -> bytes:  # noqa: A002
    """The file with a header that says 65,000 pixels a side."""
    side = 65_000
    big, little = struct.pack(">H", side), struct.pack("<H", side)
    match format:
        case "JPEG":
            at = data.index(b"\xff\xc0") + 5
            return data[:at] + big + big + data[at + 4 :]
        case "PNG":
            size = struct.pack(">II", side, side)
            header = b"IHDR" + size + data[24:29]
            return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
        case "GIF":
            return data[:6] + little + little + data[10:]
        case "BMP":
            return data[:18] + struct.pack("<ii", side, side) + data[26:]
        case _:
            raise ValueError(format)


def bombs() -> Iterator[tuple[str, bytes]]:
    zeros = zlib.compress(bytes(8 * 1024 * 1024), 9)
    yield "png of 3.6 gigapixels", png(60_000, 60_000, zeros)
    yield "png of 64 million pixels and one", png(8_000_001, 8, zeros)
    white = Image.new("1", (30_000, 30_000), 1)
    yield "png of one bit", encode(white, "PNG")
    yield "tiff of one bit", encode(white, "TIFF", compression="group4")
    yield "gif", encode(Image.new("P", (20_000, 20_000)), "GIF")
    yield "webp", encode(Image.new("L", (12_000, 12_000)), "WEBP")
    text = zlib.compress(bytes(64 * 1024 * 1024), 9)
    yield "png with a text bomb", png(60_000, 60_000, zeros, (b"zTXt", b"Comment\0\0" + text))
    yield "progressive jpeg", encode(Image.new("L", (12_000, 12_000)), "JPEG", progressive=True)


def foreign_files() -> Iterator[tuple[str, bytes]]:
    yield "one byte", b"\0"
    yield "text", b"This is not an image. " * 50
    yield "pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF"
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    yield "zip", b"PK\x03\x04" + bytes(100)
    yield "executable", b"\x7fELF" + bytes(100)
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n"
    yield "movie", b"\0\0\0\x18ftypisom" + bytes(100)
    yield "heic header only", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    yield "avif header only", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(100)
    yield "pixmap", b"P6 2 2 255\n" + bytes(12)
    yield "noise", np.random.default_rng(5).bytes(5000)


def truncations(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    for kind in FORMATS:
        data = encode(image, kind)
        # Not the last few bytes: all that is missing there may be an end marker or padding.
        for part in (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9):
            yield f"{kind} cut at {part:.1%}", data[: max(1, int(len(data) * part))]


def lies(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    for kind in ("JPEG", "PNG", "GIF", "BMP"):
        yield f"{kind} lies about its size", lie_about_size(encode(image, kind), kind)


@pytest.fixture(scope="module")
def corpus(read_photo: ReadPhoto) -> dict[str, bytes]:
    image = Image.open(io.BytesIO(read_photo("person_a_1.jpg"))).convert("RGB")
    return dict([*bombs(), *foreign_files(), *truncations(image), *lies(image)])


def resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024**2


def refuse(service: httpx.Client, data: bytes) -> float:
    """Posts a file that must be refused; returns how many seconds that took."""
    image = base64.b64encode(data).decode()
    start = time.perf_counter()
    answer = service.post(PATH, json={"image": image, "enforce_detection": False})
    seconds = time.perf_counter() - start
    assert answer.status_code in (400, 413), answer.text[:200]
    error = ErrorResponse.model_validate(answer.json()).error
    assert error.code in ("INVALID_IMAGE", "PAYLOAD_TOO_LARGE")
    return seconds


def test_every_hostile_file_is_refused_soon_and_nothing_is_kept(
    local_service: httpx.Client, corpus: dict[str, bytes]
) -> None:
    slow = {
        name: s
        for name, data in corpus.items()
        if (s := refuse(local_service, data)) > MOST_SECONDS
    }
    assert slow == {}
    before = resident_mb()
    for data in corpus.values():
        refuse(local_service, data)
    assert resident_mb() < before + 30


def test_flipped_bits_never_break_the_service(
    local_service: httpx.Client, read_photo: ReadPhoto
) -> None:
    image = Image.open(io.BytesIO(read_photo("person_a_1.jpg"))).convert("RGB").resize((120, 140))
    random = np.random.default_rng(11)
    for kind in FORMATS:
        data = encode(image, kind)
        for _ in range(25):
            broken = bytearray(data)
            # Most of what decides is in the first bytes.
            for at in random.integers(0, min(len(data), 400), 3):
                broken[at] ^= int(random.integers(1, 256))
            body = {
                "image": base64.b64encode(bytes(broken)).decode(),
                "enforce_detection": False,
            }
            start = time.perf_counter()
            answer = local_service.post(PATH, json=body)
            assert time.perf_counter() - start < MOST_SECONDS
            assert answer.status_code in (200, 400), answer.text
