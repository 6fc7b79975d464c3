"""Reads the chunks of a WebP (RFC 9649) that decoding needs; skips the others."""

import struct
from dataclasses import dataclass, replace

from face_engine.photo.limits import MAX_READS

_HEAD = 8
_STILL = (b"VP8 ", b"VP8L")
_ALPHA_FLAG, _ANIMATION_FLAG = 0x10, 0x02
_VP8_START, _VP8L_SIGNATURE = b"\x9d\x01\x2a", 0x2F
_FRAME_HEADER = 16
_CANVAS_BYTES = 10


@dataclass(frozen=True, slots=True)
class WebPFile:
    """The chunks of a WebP that make up the pixels of its first frame.

    Args:
        canvas: body of VP8X, or None.
        alpha: body of ALPH, or None.
        kind: "VP8 ", "VP8L", or "ANMF" for an animation whose first frame does not cover the whole
            canvas.
        pixels: body of that chunk, as far as the file has it.
        missing: number of bytes of that body that the file lacks.
        exif: its EXIF, or None.
    """

    canvas: bytes | None
    alpha: bytes | None
    kind: bytes
    pixels: bytes
    missing: int
    exif: bytes | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels.

        Raises:
            ValueError, LookupError, struct.error: the header is broken.
        """
        if self.kind == b"VP8 ":
            if self.pixels[3:6] != _VP8_START:
                raise ValueError("no VP8")
            width, height = struct.unpack_from("<HH", self.pixels, 6)
            return width & 0x3FFF, height & 0x3FFF
        if self.kind == b"VP8L":
            signature, packed = struct.unpack_from("<BI", self.pixels)
            if signature != _VP8L_SIGNATURE:
                raise ValueError("no VP8L")
            return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
        return _canvas_size(self.canvas)

    def write(self) -> bytes:
        """Returns a WebP with only the first frame."""
        chunks: list[tuple[bytes, bytes]] = []
        animated = self.kind == b"ANMF"
        if self.canvas is not None:
            flags = self.canvas[0] & _ALPHA_FLAG | (_ANIMATION_FLAG if animated else 0)
            chunks.append((b"VP8X", bytes([flags]) + self.canvas[1:]))
        if animated:
            chunks.append((b"ANIM", bytes(6)))
        if self.alpha is not None:
            chunks.append((b"ALPH", self.alpha))
        chunks.append((self.kind, self.pixels))
        body = b"WEBP" + b"".join(_write_chunk(*chunk) for chunk in chunks)
        return b"RIFF" + struct.pack("<I", len(body)) + body


def is_webp(data: bytes) -> bool:
    """Returns whether a file has the signature of a WebP."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read_chunks(data: bytes) -> WebPFile:
    """Reads a WebP's first frame and EXIF.

    Raises:
        ValueError: it has no frame, or too many tiny chunks.
        LookupError, struct.error: a chunk is shorter than its length field says.
    """
    canvas: bytes | None = None
    frame: WebPFile | None = None
    alpha: bytes | None = None
    exif: bytes | None = None
    position = 12
    for _ in range(MAX_READS):
        if position + _HEAD > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        start = position + _HEAD
        end = start + length
        position = end + length % 2
        if kind == b"VP8X" and frame is None:
            canvas = data[start:end]
        elif kind == b"ALPH" and frame is None:
            alpha = data[start:end]
        elif kind in (*_STILL, b"ANMF") and frame is None:
            missing = max(0, end - len(data))
            frame = WebPFile(canvas, alpha, kind, data[start:end], missing, None)
        elif kind == b"EXIF" and exif is None:
            exif = data[start:end]
    else:
        raise ValueError("too many chunks")
    if frame is None:
        raise ValueError("no frame")
    if frame.kind == b"ANMF":
        frame = _unpack_whole_frame(frame)
    return replace(frame, exif=exif)


def _unpack_whole_frame(frame: WebPFile) -> WebPFile:
    """Returns an animation's first frame as a still image, if it covers the whole canvas."""
    header = frame.pixels[:_FRAME_HEADER]
    x, y = (int.from_bytes(header[at : at + 3], "little") for at in (0, 3))
    size = tuple(1 + int.from_bytes(header[at : at + 3], "little") for at in (6, 9))
    if (x, y) != (0, 0) or size != _canvas_size(frame.canvas):
        return frame
    # The frame contains the chunks of a still image.
    inner = read_chunks(b"RIFF" + bytes(4) + b"WEBP" + frame.pixels[_FRAME_HEADER:])
    return replace(inner, canvas=frame.canvas)


def _canvas_size(canvas: bytes | None) -> tuple[int, int]:
    if canvas is None or len(canvas) < _CANVAS_BYTES:
        raise ValueError("no canvas")
    width, height = (1 + int.from_bytes(canvas[at : at + 3], "little") for at in (4, 7))
    return width, height


def _write_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
