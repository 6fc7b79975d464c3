"""Reads and writes the boxes of an AVIF (ISO/IEC 14496-12 and 23008-12)."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from face_engine.photo.limits import MAX_READS

_HEAD = 8
_VERSION = 4
# The index of the file, of its animation, and the data.
_NEEDED = frozenset({b"meta", b"moov", b"mdat"})
# Version 2 of an entry: flags, the id, a protection index, the type.
_AV1_ENTRY = re.compile(rb"infe\x02...(..)..av01", re.DOTALL)
_IN_FILE, _IN_INDEX = 0, 1


class Box(NamedTuple):
    """A box: its type, where its content starts, and its end, which may lie outside of the file."""

    kind: bytes
    start: int
    end: int


def is_avif(data: bytes) -> bool:
    """Returns whether a file declares that it is an AVIF: as its main brand or a further one."""
    brands = data[_HEAD : int.from_bytes(data[:4], "big")]
    return data[4:_HEAD] == b"ftyp" and (b"avif" in brands or b"avis" in brands)


def declared_bytes(data: bytes) -> int:
    """Returns the size that the boxes declare; less than the file's if more bytes follow."""
    return max((box.end for box in _walk(data, 0, len(data)) if box.kind in _NEEDED), default=0)


def read_av1_items(data: bytes) -> list[bytes]:
    """Returns the AV1 data of a still image: colours, alpha, tiles and thumbnails.

    Raises:
        ValueError, struct.error: its index is broken, or its items overlap.
    """
    index = _find(data, b"meta", 0, len(data))
    if index is None:
        return []
    start = index.start + _VERSION
    listed = _find(data, b"iinf", start, index.end)
    located = _find(data, b"iloc", start, index.end)
    inside = _find(data, b"idat", start, index.end)
    if listed is None or located is None:
        return []
    entries = _AV1_ENTRY.findall(data[listed.start : listed.end])
    ids = {int.from_bytes(entry, "big") for entry in entries}
    items: list[bytes] = []
    total = 0
    for item_id, method, extents in _read_locations(data[located.start : located.end]):
        if item_id in ids and method in (_IN_FILE, _IN_INDEX):
            base = 0 if method == _IN_FILE else inside.start if inside else len(data)
            # A length of 0 means all that follows.
            spans = [(base + offset, length or len(data)) for offset, length in extents]
            total += sum(length for _, length in spans)
            if total > len(data):
                raise ValueError("overlapping items")
            items.append(b"".join(data[at : at + length] for at, length in spans))
    return items


def _walk(data: bytes, start: int, end: int) -> Iterator[Box]:
    for _ in range(MAX_READS):
        if start + _HEAD > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + _HEAD
        if size == 1:
            size = int.from_bytes(data[body : body + 8], "big")
            body += 8
        elif size == 0:
            size = end - start
        if size < body - start:
            return
        yield Box(kind, body, start + size)
        start += size


def _find(data: bytes, kind: bytes, start: int, end: int) -> Box | None:
    return next((box for box in _walk(data, start, end) if box.kind == kind), None)


class _Numbers:
    """Reads big-endian numbers."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._reads = 0

    def read(self, size: int) -> int:
        end = self._position + size
        self._reads += 1
        if end > len(self._data) or self._reads > MAX_READS:
            raise ValueError("a broken index")
        number = int.from_bytes(self._data[self._position : end], "big")
        self._position = end
        return number


def _read_locations(body: bytes) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yields id, construction method, and offsets and lengths of each item in an iloc box."""
    numbers = _Numbers(body)
    version = numbers.read(_VERSION) >> 24
    sizes = numbers.read(2)
    offset, length, base, index = (sizes >> shift & 0xF for shift in (12, 8, 4, 0))
    id_bytes = 4 if version > 1 else 2
    for _ in range(numbers.read(id_bytes)):
        item_id = numbers.read(id_bytes)
        method = numbers.read(2) & 0xF if version else _IN_FILE
        numbers.read(2)
        start = numbers.read(base)
        extents: list[tuple[int, int]] = []
        for _ in range(numbers.read(2)):
            numbers.read(index if version else 0)
            extents.append((start + numbers.read(offset), numbers.read(length)))
        yield item_id, method, extents


def write_avif(width: int, height: int, av1: bytes) -> bytes:
    """Returns an AVIF of a single picture, for checking that it decodes.

    It is declared to be grey, so that its colours are decoded, but not converted.
    """
    properties = _write_box(
        b"ipco",
        _write_box(b"ispe", struct.pack(">III", 0, width, height)),
        # Version 1, the main profile, 8 bits, grey.
        _write_box(b"av1C", b"\x81\0\x1c\0"),
        # BT.709, sRGB, BT.601, full range.
        _write_box(b"colr", b"nclx", struct.pack(">HHHB", 1, 13, 6, 0x80)),
    )
    # One item with the properties 1 to 3; the second one is essential.
    uses = _write_box(b"ipma", struct.pack(">IIHB3B", 0, 1, 1, 3, 1, 0x82, 3))
    entry = struct.pack(">IHH4sx", 2 << 24, 1, 0, b"av01")
    index = [
        _write_box(b"hdlr", struct.pack(">II4s13x", 0, 0, b"pict")),
        _write_box(b"pitm", struct.pack(">IH", 0, 1)),
        _write_box(b"iinf", struct.pack(">IH", 0, 1), _write_box(b"infe", entry)),
        _write_box(b"iprp", properties, uses),
        # Version 1, numbers of 4 bytes; the data lies in the box idat, at offset 0.
        _write_box(b"iloc", struct.pack(">IHHHHHHII", 1 << 24, 0x4400, 1, 1, 1, 0, 1, 0, len(av1))),
        _write_box(b"idat", av1),
    ]
    head = _write_box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")
    return head + _write_box(b"meta", bytes(_VERSION), *index)


def _write_box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", _HEAD + len(body), kind) + body
