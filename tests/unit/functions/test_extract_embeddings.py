"""The numbers of an embedding in an answer."""

import base64
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from face_contract.schemas import EmbeddingFormat
from functions.extract.embeddings import to_numbers, write

# An embedding's numbers; smaller ones than 1e-13 keep less than nine digits.
NUMBERS = st.floats(-16, 16, width=32).filter(lambda number: number == 0 or abs(number) > 1e-13)


@given(st.lists(NUMBERS, min_size=1, max_size=64))
def test_reading_them_as_float32_gives_the_same_vector(numbers: list[float]) -> None:
    vector = np.array(numbers, np.float32)
    text = json.dumps(to_numbers(vector))
    np.testing.assert_array_equal(np.array(json.loads(text), np.float32), vector)


def test_they_have_nine_digits_at_most() -> None:
    vector = np.random.default_rng(1).normal(0, 0.16, 512).astype(np.float32)
    for number in to_numbers(vector):
        assert len(repr(number).lstrip("-0.").replace(".", "").partition("e")[0]) <= 9


def test_both_formats_hold_the_same_vector() -> None:
    vector = np.random.default_rng(2).normal(0, 0.16, 512).astype(np.float32)
    text = write(vector, EmbeddingFormat.BASE64)
    assert isinstance(text, str)
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(text), "<f4"), vector)
    numbers = np.array(write(vector, EmbeddingFormat.FLOAT), np.float32)
    np.testing.assert_array_equal(numbers, vector)
