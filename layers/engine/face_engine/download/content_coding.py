"""Undoes the content codings of an HTTP body (RFC 9110 §8.4.1), within bounds."""

import zlib
from collections.abc import Callable

from face_contract.errors import DownloadFailed

# Window bits for zlib: gzip; deflate as RFC 9110 has it, and as some servers send it, without its
# header.
WINDOW_BITS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
GZIP_BITS = 31
GZIP_MAGIC = b"\x1f\x8b"
MAX_CODINGS = 5
# Block gzip has one in 64 KiB. Ten megabytes of empty ones would take seconds.
MAX_GZIP_MEMBERS = 1000
CHUNK_BYTES = 1 << 16

TOO_LARGE = "The image at the URL is too large."


def decode_content(
    content: bytes, content_encoding: str, max_bytes: int, remaining_s: Callable[[], float]
) -> bytes:
    """Returns a body without its codings.

    Args:
        content: as it was sent.
        content_encoding: the header: codings in the order in which they were applied. What is no
            coding that we know (`binary`, `UTF-8`, `aws-chunked`, `none`) changes nothing, as in
            browsers: servers that send it mean the body as it is.
        max_bytes: of each decoded form; inclusive.
        remaining_s: raises a ServiceError when no time is left.

    Raises:
        DownloadFailed: the body is not coded like that, cut off, or too large.
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
    """Inflates a stream, or all members of a gzip file; ignores what follows.

    A bomb unfolds to no more than one byte over the limit.
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
        # In small pieces: zlib copies what is left of a piece behind each member.
        piece = content[position : position + CHUNK_BYTES]
        if not piece or members > MAX_GZIP_MEMBERS:
            raise DownloadFailed
        remaining_s()
        inflated += stream.decompress(piece, max_bytes + 1 - len(inflated))
        if len(inflated) > max_bytes:
            raise DownloadFailed(TOO_LARGE)
        position += len(piece) - len(stream.unused_data)
