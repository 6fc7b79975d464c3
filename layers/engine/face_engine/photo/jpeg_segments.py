"""Reads the segments of a JPEG (ITU-T T.81, annex B) that decoding needs; skips the others."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from face_engine.photo.limits import MAX_READS
from face_engine.photo.orientation import EXIF_HEADER

END_MARKER = b"\xff\xd9"
_START = b"\xff\xd8"

# These do not occur in scan data, where FF is followed by 00 or by a restart marker, D0 to D7.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA
# Tables of Huffman codes, arithmetic codes and quantization, and the restart interval.
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NEEDED = _TABLES | {_START_OF_SCAN}
# Baseline and extended; Huffman and arithmetic coding.
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
# The header of a scan, without the two bytes for each component.
_SCAN_BYTES = 4
_ALL_FREQUENCIES = b"\0\x3f\0"
_CMYK_COUNT = 4
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE
# Both define the colour space. libjpeg ignores shorter ones, too.
_JFIF, _REST_OF_JFIF = b"JFIF\0", b"\1\1\0\0\1\0\1\0\0"
_MIN_JFIF_BYTES = len(_REST_OF_JFIF)
_ADOBE, _MIN_ADOBE_BYTES = b"Adobe", 7
# EXIF has at most 64 KB; a few writers split larger data into several segments.
MAX_EXIF_BYTES = 1_000_000
MAX_COEFFICIENT = 63


@dataclass(frozen=True, slots=True)
class Scan:
    """One pass over the pixels.

    Args:
        components: ids of its components (colour channels).
        first: the lowest of its 64 frequencies.
        last: the highest of them.
        refines: it only adds a bit to the coefficients of an earlier scan.
    """

    components: frozenset[int]
    first: int
    last: int
    refines: bool


@dataclass(frozen=True, slots=True)
class JPEGFile:
    """A JPEG with only the segments that decoding needs, and always with an end marker.

    Args:
        data: the file.
        width: in pixels.
        height: in pixels.
        components: ids of its components (colour channels); luma comes first.
        block_height: rows of pixels that are decoded together.
        progressive: whether the whole file is decoded before the first row is ready.
        scans: in the order of the file.
        cut: the file ended inside the data of the last scan, without a marker.
        exif: its EXIF, or None.
    """

    data: bytes
    width: int
    height: int
    components: tuple[int, ...]
    block_height: int
    progressive: bool
    scans: tuple[Scan, ...]
    cut: bool
    exif: bytes | None

    def has_luma(self, scans: tuple[Scan, ...]) -> bool:
        """Returns whether the scans contain every luma frequency, at least coarsely."""
        brought: set[int] = set()
        for scan in scans:
            if self.components[0] in scan.components and not scan.refines:
                brought.update(range(scan.first, scan.last + 1))
        return len(brought) > MAX_COEFFICIENT


class Segment(NamedTuple):
    """A marker and the data after it.

    Args:
        kind: the second byte of the marker.
        body: the data after the length field.
        pixels: compressed data after the header of a scan.
        cut: the file ended inside that data, without a marker.
    """

    kind: int
    body: bytes
    pixels: bytes = b""
    cut: bool = False

    def write(self) -> bytes:
        """Returns the bytes of the segment."""
        head = struct.pack(">BBH", 0xFF, self.kind, 2 + len(self.body))
        return head + self.body + self.pixels


def read_segments(data: bytes) -> JPEGFile:
    """Reads a JPEG up to its end marker; ignores images after it.

    Raises:
        ValueError: it has no frame or no scan, or too many tiny segments.
        LookupError, struct.error: a segment is shorter than its length field says.
    """
    segments = list(_walk(data))
    frames = [segment for segment in segments if segment.kind in _FRAMES]
    if not frames:
        raise ValueError("no frame")
    # Other markers, and invalid scans, are damaged data that looks like a marker.
    frame = frames[0]
    needed = [
        # Only the full range is valid here; for others decoders warn and read the full range.
        segment._replace(body=segment.body[:-3] + _ALL_FREQUENCIES)
        if segment.kind == _START_OF_SCAN and frame.kind in _SEQUENTIAL
        else segment
        for segment in segments
        if segment.kind in _NEEDED or segment is frame
    ]
    scans = [_read_scan(segment.body) for segment in needed if segment.kind == _START_OF_SCAN]
    if not scans:
        raise ValueError("no scan")
    exif = b"".join(_bodies(segments, _APP1, EXIF_HEADER))[:MAX_EXIF_BYTES]
    _, height, width, count = struct.unpack_from(">BHHB", frame.body)
    colours = [struct.unpack_from("BBB", frame.body, 6 + 3 * i) for i in range(count)]
    colour_names = []
    if any(len(body) >= _MIN_JFIF_BYTES for body in _bodies(segments, _APP0, _JFIF)):
        # Decoders warn about an unknown JFIF version.
        colour_names.append(Segment(_APP0, _JFIF + _REST_OF_JFIF))
    adobe = [body for body in _bodies(segments, _APP14, _ADOBE) if len(body) >= _MIN_ADOBE_BYTES]
    if adobe:
        colour_names.append(_name_transform(adobe[-1], count))
    written = [segment.write() for segment in (*colour_names, *needed)]
    return JPEGFile(
        b"".join([_START, *written, END_MARKER]),
        width,
        height,
        tuple(colour for colour, _, _ in colours),
        8 * max(sampling & 0xF for _, sampling, _ in colours),
        frame.kind in _PROGRESSIVE,
        tuple(scans),
        segments[-1].cut,
        EXIF_HEADER + exif if exif else None,
    )


def _bodies(segments: list[Segment], kind: int, name: bytes) -> list[bytes]:
    """Returns the data after the name, for each segment of this kind and name."""
    return [
        segment.body[len(name) :]
        for segment in segments
        if segment.kind == kind and segment.body.startswith(name)
    ]


def _walk(data: bytes) -> Iterator[Segment]:
    """Yields the segments up to the end of the image.

    Raises:
        ValueError: there are too many tiny segments.
    """
    position = len(_START)
    for _ in range(MAX_READS):
        marker = _MARKER.search(data, position)
        # A second start marker begins another image.
        if marker is None or marker[1][0] in (_START_OF_IMAGE, _END_OF_IMAGE):
            return
        start = marker.end()
        end = start + int.from_bytes(data[start : start + 2], "big")
        segment = Segment(marker[1][0], data[start + 2 : end])
        position = end
        if segment.kind == _START_OF_SCAN:
            following = _MARKER.search(data, end)
            position = following.start() if following else len(data)
            cut = following is None or following[1][0] == _START_OF_IMAGE
            pixels = data[end:position]
            # A file that was allocated but not completely written ends in zeros.
            segment = segment._replace(pixels=pixels.rstrip(b"\0") if cut else pixels, cut=cut)
            if len(segment.body) != _SCAN_BYTES + 2 * segment.body[0]:
                return
        yield segment
    raise ValueError("too many segments")


def _name_transform(adobe: bytes, count: int) -> Segment:
    """Returns Adobe's segment; replaces an unknown colour transform by the one decoders assume.

    The transform is the last byte: 0 is none, 1 is YCbCr (three components), 2 is YCCK (four).
    """
    known = 2 if count == _CMYK_COUNT else 1
    transform = known if adobe[_MIN_ADOBE_BYTES - 1] else 0
    return Segment(_APP14, _ADOBE + adobe[: _MIN_ADOBE_BYTES - 1] + bytes([transform]))


def _read_scan(body: bytes) -> Scan:
    count = body[0]
    first, last, precision = struct.unpack_from("BBB", body, 1 + 2 * count)
    return Scan(frozenset(body[1 : 1 + 2 * count : 2]), first, last, precision >> 4 > 0)
