"""Splits image files into segments, chunks, boxes or fields, and joins them again."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Part:
    """A part of a file. Without a kind it is raw bytes.

    `length` and `checksum` are written as given; None means the right value.
    """

    kind: bytes
    body: bytes
    length: int | None = None
    checksum: int | None = None


def split(data: bytes, kind: str) -> list[Part]:
    """Splits a valid file of a format into parts."""
    splitters = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "AVIF": _avif}
    if kind in splitters:
        return list(splitters[kind](data))
    edges = {"GIF": _gif_edges, "TIFF": _tiff_edges, "BMP": _bmp_edges}[kind](data)
    return [Part(b"", data[a:b]) for a, b in zip([0, *edges], [*edges, len(data)], strict=True)]


def join(parts: list[Part], kind: str) -> bytes:
    """Joins parts into a file."""
    writers = {"JPEG": _jpeg_segment, "PNG": _png_chunk, "WEBP": _webp_chunk, "AVIF": _avif_box}
    write = writers.get(kind)
    data = b"".join(write(part) if write and part.kind else part.body for part in parts)
    match kind:
        case "PNG":
            return PNG_SIGNATURE + data
        case "WEBP":
            return b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data
        case _:
            return data


def _length(part: Part, extra: int, most: int) -> int:
    return (len(part.body) + extra if part.length is None else part.length) & most


def _jpeg(data: bytes) -> Iterator[Part]:
    yield Part(b"", data[:2])
    at = 2
    while data[at + 1] != 0xDA:
        length = struct.unpack_from(">H", data, at + 2)[0]
        yield Part(data[at + 1 : at + 2], data[at + 4 : at + 2 + length])
        at += 2 + length
    # A progressive JPEG's scans, with the tables between them, are split at their markers.
    while (next_scan := data.find(b"\xff\xda", at + 1)) > 0:
        yield Part(b"", data[at:next_scan])
        at = next_scan
    yield Part(b"", data[at:-2])
    yield Part(b"", data[-2:])


def _jpeg_segment(part: Part) -> bytes:
    return b"\xff" + part.kind[:1] + struct.pack(">H", _length(part, 2, 0xFFFF)) + part.body


def _png(data: bytes) -> Iterator[Part]:
    at = len(PNG_SIGNATURE)
    while at < len(data):
        length = struct.unpack_from(">I", data, at)[0]
        yield Part(data[at + 4 : at + 8], data[at + 8 : at + 8 + length])
        at += 12 + length


def _png_chunk(part: Part) -> bytes:
    sound = zlib.crc32(part.kind + part.body)
    checksum = struct.pack(">I", sound if part.checksum is None else part.checksum)
    return struct.pack(">I", _length(part, 0, 2**32 - 1)) + part.kind + part.body + checksum


def _webp(data: bytes) -> Iterator[Part]:
    at = 12
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 4)[0]
        yield Part(data[at : at + 4], data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


def _webp_chunk(part: Part) -> bytes:
    padding = bytes(len(part.body) % 2)
    return part.kind + struct.pack("<I", _length(part, 0, 2**32 - 1)) + part.body + padding


def _avif(data: bytes) -> Iterator[Part]:
    at = 0
    while at < len(data):
        length = struct.unpack_from(">I", data, at)[0]
        yield Part(data[at + 4 : at + 8], data[at + 8 : at + length])
        at += length


def _avif_box(part: Part) -> bytes:
    return struct.pack(">I", _length(part, 8, 2**32 - 1)) + part.kind + part.body


def _gif_edges(data: bytes) -> list[int]:
    """Offsets in a GIF: header, screen, palette, then the start and sub-blocks of each block."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    edges = [6, 13, at]
    while data[at] != 0x3B:
        if data[at] == 0x2C:
            at += 11 + (3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0)
        else:
            at += 2
        edges.append(at)
        while data[at]:
            at += 1 + data[at]
        at += 1
        edges.append(at)
    return edges


def _tiff_edges(data: bytes) -> list[int]:
    """Offsets in a TIFF: header, data before the directory, its count, and each entry."""
    start, *_ = struct.unpack_from("<I", data, 4)
    count, *_ = struct.unpack_from("<H", data, start)
    return [8, start, *(start + 2 + 12 * entry for entry in range(count + 1))]


def _bmp_edges(_: bytes) -> list[int]:
    """Offsets of the fields in both headers; width and height form one field."""
    return [2, 6, 10, 14, 18, 26, 28, 30, 34, 38, 42, 46, 50, 54]
