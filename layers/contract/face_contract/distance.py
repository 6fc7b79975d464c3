"""Distances between two face embeddings: pure arithmetic in float64."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from face_contract.errors import InvalidEmbedding

EMBEDDING_DIMENSIONS = 512


class DistanceMetric(StrEnum):
    """How the distance of two embeddings is measured."""

    COSINE = "cosine"
    EUCLIDEAN = "euclidean"
    EUCLIDEAN_L2 = "euclidean_l2"


# DeepFace's thresholds for ArcFace (deepface/config/threshold.py): clients store and expect them.
DEFAULT_THRESHOLDS = {
    DistanceMetric.COSINE: 0.68,
    DistanceMetric.EUCLIDEAN: 4.15,
    DistanceMetric.EUCLIDEAN_L2: 1.13,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of `compare`, named as in the contract."""

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
        embedding1: 512 finite numbers that are not all zero.
        embedding2: the same.
        metric: how the distance is measured.
        threshold: finite and > 0; the metric's default when None.

    Raises:
        InvalidEmbedding: an embedding is not as above, or lies too far off to be measured.
    """
    a, b = _check(embedding1, "embedding1"), _check(embedding2, "embedding2")
    used = DEFAULT_THRESHOLDS[metric] if threshold is None else threshold
    distance = _distance(a, b, metric)
    if not math.isfinite(distance):
        raise InvalidEmbedding(
            "The embeddings are too far apart for their distance to be a number."
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


def _check(embedding: Sequence[float], field: str) -> list[float]:
    if len(embedding) != EMBEDDING_DIMENSIONS:
        raise InvalidEmbedding(
            f"`{field}` has {len(embedding)} numbers instead of {EMBEDDING_DIMENSIONS}.",
            {"field": field, "length": len(embedding)},
        )
    try:
        numbers = [float(number) for number in embedding]
    except OverflowError:
        # An integer beyond the range of a double.
        numbers = [math.inf]
    if not all(map(math.isfinite, numbers)):
        raise InvalidEmbedding(f"`{field}` holds a number that is not finite.", {"field": field})
    if not any(numbers):
        raise InvalidEmbedding(f"`{field}` is all zeros: it has no direction.", {"field": field})
    return numbers


def _distance(a: Sequence[float], b: Sequence[float], metric: DistanceMetric) -> float:
    match metric:
        case DistanceMetric.COSINE:
            # Rounding can take the cosine of parallel vectors past 1; a distance is never negative.
            cosine = math.fsum(x * y for x, y in zip(_unit(a), _unit(b), strict=True))
            return max(0.0, 1 - cosine)
        case DistanceMetric.EUCLIDEAN:
            return math.dist(a, b)
        case DistanceMetric.EUCLIDEAN_L2:
            return math.dist(_unit(a), _unit(b))


def _unit(vector: Sequence[float]) -> list[float]:
    # Scaled by the largest component first, so that neither 1e300 nor 1e-300 is lost in squaring.
    largest = max(map(abs, vector))
    scaled = [x / largest for x in vector]
    norm = math.hypot(*scaled)
    return [x / norm for x in scaled]
