"""Embeddings as base64 text: 512 little-endian float32 numbers, 2,048 bytes."""

import base64
import binascii
import struct
from collections.abc import Sequence

from face_contract.distance import EMBEDDING_DIMENSIONS
from face_contract.errors import InvalidEmbedding

FLOAT32_NUMBERS = struct.Struct(f"<{EMBEDDING_DIMENSIONS}f")
# Base64 writes three bytes as four characters.
BASE64_CHARS = (FLOAT32_NUMBERS.size + 2) // 3 * 4


def encode_vector(numbers: Sequence[float]) -> str:
    """Returns 512 numbers of float32 as base64 text."""
    return base64.b64encode(FLOAT32_NUMBERS.pack(*numbers)).decode("ascii")


def read_vector(embedding: Sequence[float] | str, field: str) -> Sequence[float]:
    """Returns the numbers of an embedding in either format.

    Raises:
        InvalidEmbedding: it is text, and `decode_vector` refuses it.
    """
    return decode_vector(embedding, field) if isinstance(embedding, str) else embedding


def decode_vector(text: str, field: str) -> list[float]:
    """Returns the 512 numbers in base64 text. They may be zero or not finite.

    Args:
        text: base64 text of the standard alphabet, padded.
        field: the text's name in a request.

    Raises:
        InvalidEmbedding: it is not the base64 text of 2,048 bytes.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidEmbedding(f"`{field}` is not valid base64.", {"field": field}) from error
    if len(data) != FLOAT32_NUMBERS.size:
        raise InvalidEmbedding(
            f"`{field}` has {len(data)} bytes instead of {FLOAT32_NUMBERS.size}: 512 little-endian"
            " float32 numbers.",
            {"field": field, "bytes": len(data)},
        )
    return list(FLOAT32_NUMBERS.unpack(data))
