"""Reads the chunks of a PNG (ISO/IEC 15948) that decoding needs; skips the others."""

import struct
import zlib
from dataclasses import dataclass

from face_engine.photo.limits import DECODER_ERRORS, MAX_READS
from face_engine.photo.orientation import EXIF_HEADER

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"IEND\xaeB`\x82"
# Bytes around the body of a chunk: length and kind before it, checksum after it.
_HEAD, _TAIL = 8, 4
# EXIF as text, as ImageMagick used to write it: a few lines, then hexadecimal digits.
_EXIF_KEYWORD = b"Raw profile type exif\0"
_TEXT_LINES_BEFORE_EXIF = 3
MAX_EXIF_CHARS = 1_000_000
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PNGFile:
    """The chunks of a PNG that make up its pixels.

    Args:
        header: body of IHDR.
        colours: the chunks PLTE and tRNS as in the file.
        pixels: the body of each IDAT chunk, and whether its checksum is right. A chunk in which the
            file ends has no checksum and counts as right.
        exif: its EXIF, or None.
        sound_colours: whether the checksums of `colours` are right.
    """

    header: bytes
    colours: tuple[bytes, ...]
    pixels: tuple[tuple[bytes, bool], ...]
    exif: bytes | None
    sound_colours: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = struct.unpack_from(">II", self.header)
        return width, height

    @property
    def interlaced(self) -> bool:
        """Whether the rows are stored in seven passes (Adam7)."""
        return self.header[12] != 0

    @property
    def row_bytes(self) -> int:
        """Uncompressed bytes of a row: the filter byte and the pixels."""
        bits = self.header[8] * _CHANNELS[self.header[9]] * self.size[0]
        return 1 + (bits + 7) // 8

    @property
    def has_right_checksums(self) -> bool:
        """Whether each chunk of pixels has the right checksum. The file may still end early."""
        return all(right for _, right in self.pixels)

    def has_verified_pixels(self) -> bool:
        """Returns whether the pixels' checksum is right: that of each chunk, or zlib's over all."""
        if self.has_right_checksums:
            return True
        try:
            _, complete = self._inflate([body for body, _ in self.pixels])
        except zlib.error:
            return False
        return complete

    def count_rows(self) -> int | None:
        """Returns the number of rows before any damage; None if it is unknown."""
        try:
            inflated, _ = self._inflate(self.sound_pixels())
        except zlib.error:
            # A chunk is missing or moved: bytes inflated before the error may already be wrong.
            return None
        return min(inflated // self.row_bytes, self.size[1])

    def _inflate(self, bodies: list[bytes]) -> tuple[int, bool]:
        """Returns how many bytes inflate, up to those of all rows, and whether it is the end."""
        inflater = zlib.decompressobj()
        # Each of the seven passes may add a byte to a row.
        max_bytes, inflated = (self.row_bytes + 7) * self.size[1], 0
        for body in bodies:
            rest = body
            while rest and inflated <= max_bytes:
                inflated += len(inflater.decompress(rest, _BLOCK_BYTES))
                rest = inflater.unconsumed_tail
        return inflated, inflater.eof

    def sound_pixels(self) -> list[bytes]:
        """Returns the bodies of the IDAT chunks before the first one with a wrong checksum."""
        sound: list[bytes] = []
        for body, right in self.pixels:
            if not right:
                break
            sound.append(body)
        return sound

    def write(self, pixels: list[bytes], height: int) -> bytes:
        """Returns a PNG with this header and these colours, but other pixels and another height."""
        header = self.header[:4] + struct.pack(">I", height) + self.header[8:]
        chunks = [_write_chunk(b"IHDR", header), *self.colours]
        chunks += [_write_chunk(b"IDAT", b"".join(pixels)), _write_chunk(b"IEND", b"")]
        return SIGNATURE + b"".join(chunks)


def read_chunks(data: bytes) -> PNGFile:
    """Reads a PNG; skips chunks that decoding does not need without checking them.

    Raises:
        ValueError: the header is broken, or there are too many tiny chunks.
    """
    header = b""
    colours: list[bytes] = []
    pixels: list[tuple[bytes, bool]] = []
    exif: bytes | None = None
    sound_colours = True
    position = len(SIGNATURE)
    for _ in range(MAX_READS):
        length, kind = struct.unpack(">I4s", data[position : position + _HEAD].ljust(_HEAD, b"\0"))
        if not kind.isalpha() or kind == b"IEND":
            break
        start = position + _HEAD
        end = start + length
        position = end + _TAIL
        if kind not in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"tEXt", b"zTXt"):
            continue
        body = data[start:end]
        match kind:
            case b"IDAT":
                pixels.append(_read_pixels(data, start, end))
            case b"IHDR":
                if header or not _has_checksum(data, start, end):
                    raise ValueError("the header is broken")
                header = body
            case b"PLTE" | b"tRNS":
                sound_colours &= _has_checksum(data, start, end)
                colours.append(_write_chunk(kind, body))
            case b"eXIf":
                exif = EXIF_HEADER + body
            case _:
                exif = exif or _read_exif_text(kind, body)
    else:
        raise ValueError("too many chunks")
    if len(header) != struct.calcsize(">IIBBBBB") or header[9] not in _CHANNELS:
        raise ValueError("the header is broken")
    return PNGFile(header, tuple(colours), tuple(pixels), exif, sound_colours)


def _has_checksum(data: bytes, start: int, end: int) -> bool:
    stored = data[end : end + _TAIL]
    return stored == struct.pack(">I", zlib.crc32(data[start - 4 : end]))


def _read_pixels(data: bytes, start: int, end: int) -> tuple[bytes, bool]:
    if end + _TAIL > len(data) and data.endswith(_END):
        # The file has its end, so bytes are missing in the middle.
        return data[start:end], False
    # A file that was allocated but not completely written ends in zeros.
    if end + _TAIL > len(data) or not data[end:].strip(b"\0"):
        return data[start:end].rstrip(b"\0"), True
    return data[start:end], _has_checksum(data, start, end)


def _read_exif_text(kind: bytes, body: bytes) -> bytes | None:
    """Returns the EXIF in a text chunk, or None."""
    if not body.startswith(_EXIF_KEYWORD):
        return None
    text = body[len(_EXIF_KEYWORD) :]
    try:
        if kind == b"zTXt":
            # The first byte is the compression method, of which there is only one.
            text = zlib.decompressobj().decompress(text[1:], MAX_EXIF_CHARS)
        lines = text.decode("latin-1").split("\n")[_TEXT_LINES_BEFORE_EXIF:]
        return bytes.fromhex("".join(lines))
    except DECODER_ERRORS:
        return None


def _write_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
