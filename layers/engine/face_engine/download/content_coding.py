"""Decodes the content codings of an HTTP body (RFC 9110 §8.4.1), within limits."""

import zlib
from collections.abc import Callable

from face_contract.errors import DownloadFailed

# Window bits for zlib: gzip; deflate with the zlib header, as RFC 9110 says, or without it, as some
# servers send it.
WINDOW_BITS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
GZIP_BITS = 31
GZIP_MAGIC = b"\x1f\x8b"
MAX_CODINGS = 5
# Block gzip has a member for each 64 KiB. Ten megabytes of empty members would take seconds.
MAX_GZIP_MEMBERS = 1000
CHUNK_BYTES = 1 << 16

TOO_LARGE = "The image at the URL is too large."


def decode_content(
    content: bytes, content_encoding: str, max_bytes: int, remaining_s: Callable[[], float]
) -> bytes:
    """Returns a body with its content codings removed.

    Args:
        content: the body as sent.
        content_encoding: the header's value: codings in the order in which they were applied.
            Unknown codings (`binary`, `UTF-8`, `aws-chunked`, `none`) are ignored, as in browsers:
            servers that name them send the body as it is.
        max_bytes: inclusive limit for the result of each decoding.
        remaining_s: returns the seconds left; raises a ServiceError when the time is up.

    Raises:
        DownloadFailed: the body does not have these codings, is cut off, or is too large.
        ServiceError: raised by `remaining_s`.
    """
    codings = [name.strip().lower() for name in content_encoding.split(",")]
    known = [WINDOW_BITS[name] for name in codings if name in WINDOW_BITS]
    if len(known) > MAX_CODINGS:
        raise DownloadFailed
    for formats in reversed(known):
        content = _decompress(content, formats, max_bytes, remaining_s)
    return content


def _decompress(
    content: bytes, formats: tuple[int, ...], max_bytes: int, remaining_s: Callable[[], float]
) -> bytes:
    for window_bits in formats:
        try:
            return _inflate(content, window_bits, max_bytes, remaining_s)
        except zlib.error:
            continue
    raise DownloadFailed


def _inflate(
    content: bytes, window_bits: int, max_bytes: int, remaining_s: Callable[[], float]
) -> bytes:
    """Inflates a stream, or all members of a gzip file; ignores trailing data.

    At most `max_bytes` + 1 bytes are unpacked, so a compression bomb is harmless.
    """
    inflated = bytearray()
    stream = zlib.decompressobj(window_bits)
    position, members = 0, 1
    while True:
        if stream.eof:
            if window_bits != GZIP_BITS or not content.startswith(GZIP_MAGIC, position):
                return bytes(inflated)
            stream = zlib.decompressobj(window_bits)
            members += 1
        # Small pieces, because zlib copies the rest of a piece after each member.
        piece = content[position : position + CHUNK_BYTES]
        if not piece or members > MAX_GZIP_MEMBERS:
            raise DownloadFailed
        remaining_s()
        inflated += stream.decompress(piece, max_bytes + 1 - len(inflated))
        if len(inflated) > max_bytes:
            raise DownloadFailed(TOO_LARGE)
        position += len(piece) - len(stream.unused_data)
