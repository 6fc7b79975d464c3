import math

import pytest

from face_contract.distance import DEFAULT_THRESHOLDS, DistanceMetric, compare
from face_contract.errors import InvalidEmbedding
from tests.support.vectors import vector


# Distances by hand: (3, 4) and (4, 3) have norm 5, dot product 24, difference (-1, 1).
@pytest.mark.parametrize(
    ("metric", "distance"),
    [
        (DistanceMetric.COSINE, 1 - 24 / 25),
        (DistanceMetric.EUCLIDEAN, math.sqrt(2)),
        (DistanceMetric.EUCLIDEAN_L2, math.sqrt(2) / 5),
    ],
)
def test_distance_is_the_one_computed_by_hand(metric: DistanceMetric, distance: float) -> None:
    assert compare(vector(3, 4), vector(4, 3), metric).distance == pytest.approx(distance, 1e-12)


def test_similarity_and_confidence_follow_the_contract() -> None:
    cosine = compare(vector(3, 4), vector(4, 3), DistanceMetric.COSINE, 0.16)
    assert cosine.similarity == pytest.approx(0.96)
    assert cosine.confidence == pytest.approx(0.75)
    assert cosine.is_same_person

    euclidean = compare(vector(3, 4), vector(0, 0, 12), DistanceMetric.EUCLIDEAN, 6.5)
    assert euclidean.distance == pytest.approx(13)
    assert euclidean.similarity == pytest.approx(math.exp(-2))
    assert euclidean.confidence == 1.0
    assert not euclidean.is_same_person


@pytest.mark.parametrize("metric", DistanceMetric)
def test_default_threshold_is_the_metrics_own(metric: DistanceMetric) -> None:
    assert compare(vector(1), vector(1), metric).threshold_used == DEFAULT_THRESHOLDS[metric]


def test_default_thresholds_are_deepfaces() -> None:
    assert DEFAULT_THRESHOLDS == {"cosine": 0.68, "euclidean": 4.15, "euclidean_l2": 1.13}


def test_a_distance_equal_to_the_threshold_is_another_person() -> None:
    assert not compare(vector(1), vector(0, 1), DistanceMetric.COSINE, 1.0).is_same_person


def test_similarity_of_opposite_vectors_is_clipped() -> None:
    opposite = compare(vector(1), vector(-1), DistanceMetric.COSINE)
    assert opposite.distance == pytest.approx(2)
    assert opposite.similarity == 0.0


@pytest.mark.parametrize("metric", DistanceMetric)
@pytest.mark.parametrize("scale", [1e-300, 1e-3, 1.0, 1e3, 1e300])
def test_equal_vectors_have_no_distance_at_any_scale(metric: DistanceMetric, scale: float) -> None:
    values = [scale * math.sin(i) for i in range(1, 513)]
    result = compare(values, values, metric)
    assert 0 <= result.distance < 1e-12
    assert result.similarity == pytest.approx(1)


def test_a_tiny_threshold_leaves_confidence_in_its_range() -> None:
    result = compare(vector(1), vector(0, 1), DistanceMetric.COSINE, 5e-324)
    assert result.confidence == 1.0


@pytest.mark.parametrize(
    ("embedding", "details"),
    [
        ([1.0] * 511, {"field": "embedding2", "length": 511}),
        ([1.0] * 513, {"field": "embedding2", "length": 513}),
        ([], {"field": "embedding2", "length": 0}),
        (vector(0), {"field": "embedding2"}),
        (vector(math.nan), {"field": "embedding2"}),
        (vector(math.inf), {"field": "embedding2"}),
    ],
)
def test_what_is_no_embedding_is_refused(embedding: list[float], details: object) -> None:
    with pytest.raises(InvalidEmbedding) as caught:
        compare(vector(1), embedding, DistanceMetric.COSINE)
    assert caught.value.details == details


def test_a_distance_too_large_for_a_number_is_refused() -> None:
    with pytest.raises(InvalidEmbedding):
        compare([1.7e308] * 512, [-1.7e308] * 512, DistanceMetric.EUCLIDEAN)
