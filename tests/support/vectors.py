"""Vectors to compare, and how far two are apart by NumPy rather than by the service."""

from typing import Any

import numpy as np


def vector(*start: float) -> list[float]:
    """Returns 512 numbers that begin as given and go on with zeros."""
    return [*start, *[0.0] * (512 - len(start))]


def cosine_distance(a: Any, b: Any) -> float:
    """Returns the cosine distance of two vectors, in double precision."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b))
