"""Hostile image files: bombs, lies about sizes, endless metadata."""

import functools
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.support.photo_files import encode

# Their metadata is left out, and what is left is a small picture without a face.
HARMLESS = {
    "png with a zTXt bomb",
    "png with a iTXt bomb",
    "png with a iCCP bomb",
    "jpeg of fill bytes",
}
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")


def chunk(kind: bytes, body: bytes) -> bytes:
    """Returns a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, pixels: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def lie_about_size(data: bytes, format: str) -> bytes:  # noqa: A002
    """Returns the file with a header that claims 65,000 pixels a side."""
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
        case "AVIF":
            at = data.index(b"ispe") + 8
            return data[:at] + struct.pack(">II", side, side) + data[at + 8 :]
        case "BMP":
            return data[:18] + struct.pack("<ii", side, side) + data[26:]
        case _:
            raise ValueError(format)


@functools.cache
def bombs() -> dict[str, bytes]:
    """Returns small files with huge numbers of pixels, scans, runs or texts; cached."""
    return dict(_make_bombs())


def _make_bombs() -> Iterator[tuple[str, bytes]]:
    zeros = zlib.compress(bytes(8 * 1024 * 1024), 9)
    yield "png of 3.6 gigapixels", png(60_000, 60_000, zeros)
    yield "png of 64 million pixels and one", png(8_000_001, 8, zeros)
    white = Image.new("1", (30_000, 30_000), 1)
    yield "png of one bit", encode(white, "PNG")
    yield "tiff of one bit", encode(white, "TIFF", compression="group4")
    yield "gif", encode(Image.new("P", (20_000, 20_000)), "GIF")
    yield "webp", encode(Image.new("L", (12_000, 12_000)), "WEBP", method=0)
    avif = encode(Image.new("L", (9_000, 9_000)), "AVIF", speed=10)
    large, small = (struct.pack(">II", side, side) for side in (9_000, 64))
    yield "avif that says 64 pixels a side", avif.replace(large, small)
    text = zlib.compress(bytes(64 * 1024 * 1024), 9)
    yield "png with a text bomb", png(60_000, 60_000, zeros, (b"zTXt", b"Comment\0\0" + text))
    for kind, head in ((b"zTXt", b"C\0\0"), (b"iTXt", b"C\0\1\0\0\0"), (b"iCCP", b"C\0\0")):
        yield f"png with a {kind.decode()} bomb", png(64, 64, zeros[:99], (kind, head + text))
    yield "progressive jpeg", encode(Image.new("L", (12_000, 12_000)), "JPEG", progressive=True)
    yield "jpeg in three scans", split_scans(encode(Image.new("RGB", (9_000, 9_000)), "JPEG"))
    scans = encode(Image.new("L", (8_000, 8_000), 128), "JPEG", progressive=True)
    last = scans[scans.rindex(b"\xff\xda") : -2]
    yield "jpeg of a thousand scans", scans[:-2] + 1_000 * last + scans[-2:]
    yield "bmp of empty lines", run_length_bmp(8_000, 8_000, b"\1\0\0\0" * 8_000)
    for run in (b"\0\0", b"\0\2\0\0", b"\1\0"):
        yield f"bmp of runs {run!r}", run_length_bmp(2_800, 2_800, run * (9_000_000 // len(run)))


def run_length_bmp(width: int, height: int, runs: bytes) -> bytes:
    """Returns a grey BMP with 8 bits a pixel, rows stored from the bottom."""
    colours = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
    start = 14 + 40 + len(colours)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + info + colours + runs


def split_scans(data: bytes) -> bytes:
    """Splits a baseline JPEG's scan into one per component; only the first has data."""
    at = data.rindex(b"\xff\xda")
    pixels = data[at + 14 : -2]
    tables = {1: 0, 2: 0x11, 3: 0x11}
    heads = [b"\xff\xda\0\x08\1" + bytes([n, tables[n]]) + b"\0\x3f\0" for n in tables]
    return data[:at] + b"".join(head + pixels for head in heads) + data[-2:]


def tiny_blocks() -> Iterator[tuple[str, bytes]]:
    """Returns valid photos with up to millions of blocks of metadata or of unknown kinds."""
    image = Image.new("RGB", (64, 64), "red")
    files = {kind: encode(image, kind) for kind in ("PNG", "JPEG", "GIF")}
    # After the colour table of a GIF, whose size is in byte 11.
    colours = 3 * 2 ** ((files["GIF"][10] & 7) + 1)
    blocks = {
        "png of texts": ("PNG", 33, chunk(b"tEXt", b"C\0x")),
        "png of private chunks": ("PNG", 33, chunk(b"prVt", b"")),
        "png of exif": ("PNG", 33, chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0\0\0")),
        "jpeg of comments": ("JPEG", 2, b"\xff\xfe\0\2"),
        "jpeg of exif": ("JPEG", 2, b"\xff\xe1\0\x08Exif\0\0"),
        "jpeg of profiles": ("JPEG", 2, b"\xff\xe2\0\x10ICC_PROFILE\0\1\1"),
        "jpeg of fill bytes": ("JPEG", 2, b"\xff"),
        "gif of comments": ("GIF", 13 + colours, b"\x21\xfe\x01x\0"),
    }
    for name, (kind, at, block) in blocks.items():
        many = block * (9_000_000 // len(block))
        yield name, files[kind][:at] + many + files[kind][at:]


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
        # The last few bytes are kept, because they may be only an end marker or padding.
        for part in (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9):
            yield f"{kind} cut at {part:.1%}", data[: max(1, int(len(data) * part))]


def lies(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    for kind in ("JPEG", "PNG", "GIF", "BMP", "AVIF"):
        yield f"{kind} lies about its size", lie_about_size(encode(image, kind), kind)
