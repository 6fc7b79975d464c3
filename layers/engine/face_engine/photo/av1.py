"""Reads the size of an AV1 picture without decoding it (AV1 specification, section 5)."""

from collections.abc import Iterator
from typing import NamedTuple

from face_engine.photo.limits import MAX_READS

_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME = 1, 3, 6
_MAX_LEB128_BYTES = 8
# The levels from this one on have a bit for the tier.
_FIRST_LEVEL_WITH_TIER = 8


class Picture(NamedTuple):
    """An AV1 picture.

    Args:
        data: its OBUs (open bitstream units).
        width: in pixels; no frame is larger.
        height: in pixels; no frame is larger.
        frames: the number of frames to decode; more than one in layered pictures.
    """

    data: bytes
    width: int
    height: int
    frames: int

    @property
    def pixels(self) -> int:
        """The number of pixels to decode."""
        return self.width * self.height * self.frames


def read_picture(data: bytes) -> Picture:
    """Reads the headers of a picture.

    Raises:
        ValueError: it is broken, or does not have exactly one sequence header.
        LookupError: it ends inside of a header.
    """
    units = list(_read_units(data))
    headers = [body for kind, body in units if kind == _SEQUENCE_HEADER]
    frames = sum(kind in (_FRAME_HEADER, _FRAME) for kind, _ in units)
    if len(headers) != 1 or frames == 0:
        raise ValueError("no picture")
    return Picture(data, *_read_size(_Bits(headers[0])), frames)


def _read_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the type and the payload of each OBU."""
    position = 0
    for _ in range(MAX_READS):
        if position >= len(data):
            return
        head = data[position]
        has_extension, has_size = head & 4, head & 2
        position += 2 if has_extension else 1
        size = len(data) - position
        if has_size:
            size, position = _read_leb128(data, position)
        if head & 0x80 or position + size > len(data):
            raise ValueError("a broken unit")
        yield head >> 3 & 0xF, data[position : position + size]
        position += size
    raise ValueError("too many units")


def _read_leb128(data: bytes, position: int) -> tuple[int, int]:
    """Returns a number of 7 bits a byte, lowest first, and the position after it."""
    value = 0
    for i in range(_MAX_LEB128_BYTES):
        byte = data[position + i]
        value |= (byte & 0x7F) << 7 * i
        if not byte & 0x80:
            return value, position + i + 1
    raise ValueError("a broken number")


class _Bits:
    """Reads bits, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("too few bits")
        return self._value >> self._left & (1 << count) - 1

    def skip_exp_golomb(self) -> None:
        """Skips a number that starts with as many zeros as it has bits after its first one."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        self.read(zeros)


def _read_size(bits: _Bits) -> tuple[int, int]:
    """Returns the largest width and height of a sequence header's frames."""
    bits.read(4)  # profile, still picture
    if bits.read(1):  # reduced header
        bits.read(5)  # level
    else:
        _skip_operation(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def _skip_operation(bits: _Bits) -> None:
    """Skips timing, the decoder model and operating points, which only videos need."""
    delay_bits = 0
    if bits.read(1):  # timing
        bits.read(64)
        if bits.read(1):  # equal intervals
            bits.skip_exp_golomb()
        if bits.read(1):  # decoder model
            delay_bits = bits.read(5) + 1
            bits.read(42)
    has_initial_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)  # layers
        if bits.read(5) >= _FIRST_LEVEL_WITH_TIER:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_initial_delay and bits.read(1):
            bits.read(4)
