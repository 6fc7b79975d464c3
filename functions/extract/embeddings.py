"""Embeddings as answers write them."""

import numpy as np

from face_contract.schemas import EmbeddingFormat
from face_contract.vectors import encode_vector
from face_engine.faces import Embedding

# Significant decimal digits that identify every float32 number (IEEE 754).
FLOAT32_DIGITS = 9


def write(vector: Embedding, form: EmbeddingFormat) -> list[float] | str:
    """Returns a vector as an answer's numbers or as base64 text; both are equal as float32."""
    if form is EmbeddingFormat.BASE64:
        return encode_vector(vector.tolist())
    return to_numbers(vector)


def to_numbers(vector: Embedding) -> list[float]:
    """Returns the numbers of a vector, rounded to nine significant digits.

    As JSON they are a third shorter, and reading them as float32 gives the same vector. Only
    numbers below 1e-13 lose digits; those of embeddings are larger.
    """
    exact = vector.astype(np.float64)
    magnitudes = np.floor(np.log10(np.abs(exact), out=np.zeros_like(exact), where=exact != 0))
    # The powers are exact up to 22, and a quotient of exact numbers is the double next to it.
    powers = 10.0 ** np.clip(FLOAT32_DIGITS - 1 - magnitudes, 0, 22)
    numbers: list[float] = (np.rint(exact * powers) / powers).tolist()
    return numbers
