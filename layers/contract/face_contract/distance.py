"""Distances between face embeddings, computed in float64 without a model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from face_contract.errors import InvalidEmbedding

EMBEDDING_DIMENSIONS = 512


class DistanceMetric(StrEnum):
    """A way to measure the distance between two embeddings."""

    COSINE = "cosine"
    EUCLIDEAN = "euclidean"
    EUCLIDEAN_L2 = "euclidean_l2"


# DeepFace's thresholds for ArcFace (deepface/config/threshold.py), which clients rely on.
DEFAULT_THRESHOLDS = {
    DistanceMetric.COSINE: 0.68,
    DistanceMetric.EUCLIDEAN: 4.15,
    DistanceMetric.EUCLIDEAN_L2: 1.13,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of `compare`; its fields have the names of the response."""

    is_same_person: bool
    distance: float
    similarity: float
    confidence: float
    threshold_used: float
    distance_metric: DistanceMetric


def compare(
    embedding1: Sequence[float],
    embedding2: Sequence[float],
    metric: DistanceMetric,
    threshold: float | None = None,
) -> Comparison:
    """Compares two embeddings.

    Args:
        embedding1: 512 finite numbers, not all zero.
        embedding2: the same.
        metric: how to measure the distance.
        threshold: finite and > 0; the metric's default when None.

    Raises:
        InvalidEmbedding: an embedding is not as described, or the distance is not finite.
    """
    a, b = check_embedding(embedding1, "embedding1"), check_embedding(embedding2, "embedding2")
    used = DEFAULT_THRESHOLDS[metric] if threshold is None else threshold
    distance = _distance(a, b, metric)
    if not math.isfinite(distance):
        raise InvalidEmbedding(
            "The distance between the embeddings is too large to be a finite number."
        )
    similarity = (
        min(max(1 - distance, 0.0), 1.0)
        if metric is DistanceMetric.COSINE
        else math.exp(-distance / used)
    )
    return Comparison(
        is_same_person=distance < used,
        distance=distance,
        similarity=similarity,
        confidence=min(1.0, abs(distance - used) / used),
        threshold_used=used,
        distance_metric=metric,
    )


def check_embedding(embedding: Sequence[float], field: str) -> list[float]:
    """Returns the numbers of an embedding as doubles.

    Args:
        embedding: 512 finite numbers, not all zero.
        field: its name in the request.

    Raises:
        InvalidEmbedding: it is not as described.
    """
    if len(embedding) != EMBEDDING_DIMENSIONS:
        raise InvalidEmbedding(
            f"`{field}` has {len(embedding)} numbers instead of {EMBEDDING_DIMENSIONS}.",
            {"field": field, "length": len(embedding)},
        )
    try:
        numbers = [float(number) for number in embedding]
    except OverflowError:
        # An integer too large for a double.
        numbers = [math.inf]
    if not all(map(math.isfinite, numbers)):
        raise InvalidEmbedding(f"`{field}` holds a number that is not finite.", {"field": field})
    if not any(numbers):
        raise InvalidEmbedding(f"`{field}` is all zeros: it has no direction.", {"field": field})
    return numbers


def _distance(a: Sequence[float], b: Sequence[float], metric: DistanceMetric) -> float:
    match metric:
        case DistanceMetric.COSINE:
            # Rounding can make the cosine of parallel vectors exceed 1.
            cosine = math.fsum(x * y for x, y in zip(_unit(a), _unit(b), strict=True))
            return max(0.0, 1 - cosine)
        case DistanceMetric.EUCLIDEAN:
            return math.dist(a, b)
        case DistanceMetric.EUCLIDEAN_L2:
            return math.dist(_unit(a), _unit(b))


def _unit(vector: Sequence[float]) -> list[float]:
    # Scaled first, because squares of numbers such as 1e300 and 1e-300 over- or underflow.
    largest = max(map(abs, vector))
    scaled = [x / largest for x in vector]
    norm = math.hypot(*scaled)
    return [x / norm for x in scaled]
