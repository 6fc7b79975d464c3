import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_contract.errors import InvalidEmbedding
from face_contract.vectors import BASE64_CHARS, decode_vector, encode_vector


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=8, max_size=8))
def test_decoding_undoes_encoding(numbers: list[float]) -> None:
    vector = numbers * 64
    text = encode_vector(vector)
    assert len(text) == BASE64_CHARS
    assert decode_vector(text, "embedding") == vector


def test_the_numbers_are_little_endian() -> None:
    text = encode_vector([1.0, *[0.0] * 511])
    assert base64.b64decode(text)[:8] == b"\x00\x00\x80\x3f" + bytes(4)


@pytest.mark.parametrize("length", [0, 1, 2047, 2049, 4096])
def test_another_length_is_no_embedding(length: int) -> None:
    with pytest.raises(InvalidEmbedding) as caught:
        decode_vector(base64.b64encode(bytes(length)).decode(), "embedding")
    assert caught.value.details == {"field": "embedding", "bytes": length}


@pytest.mark.parametrize("text", ["!", "AAAA" * 512, "ä", "A" * 2731, "\ud800", "AA AA=="])
def test_what_is_not_base64_of_it_is_no_embedding(text: str) -> None:
    with pytest.raises(InvalidEmbedding):
        decode_vector(text, "embedding")


def test_numbers_that_are_not_finite_are_left_to_the_comparison() -> None:
    text = base64.b64encode(struct.pack("<512f", *[float("inf")] * 512)).decode()
    assert decode_vector(text, "embedding") == [float("inf")] * 512
