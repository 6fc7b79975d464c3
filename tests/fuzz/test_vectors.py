"""Vectors to compare: any numbers, any number of them."""

import base64
import json
import math

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_contract.distance import DistanceMetric
from tests.conftest import ReadPhoto
from tests.support.checked_requests import COMPARE, MATCH, post

METRICS = st.sampled_from([metric.value for metric in DistanceMetric])
EDGES = ("0", "-0.0", "5e-324", "1e-308", "1.7976931348623157e308", "-1e308", "1e154", "1e-163")
FINITE = st.one_of(
    st.sampled_from(EDGES),
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.integers(-(2**70), 2**70).map(str),
)
# As texts of JSON, for some of them are no value in Python.
ANY = st.one_of(
    FINITE,
    st.sampled_from(
        ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "-" + "9" * 4301]
    ),
    st.sampled_from(["null", "true", '"1"', "[]", "{}", "", "01", "1.", "0x1", "\u0661"]),
)
LENGTHS = st.one_of(st.just(512), st.integers(0, 600), st.sampled_from([511, 513, 5000]))
THRESHOLDS = st.one_of(
    st.sampled_from(["0.68", "5e-324", "1e308", "null"]), st.floats(1e-9, 1e9).map(json.dumps)
)


@pytest.fixture(scope="module")
def portrait(read_photo: ReadPhoto) -> str:
    """A small photo in base64."""
    return base64.b64encode(read_photo("person_a_1.jpg")).decode()


@st.composite
def vectors(
    draw: st.DrawFn, numbers: st.SearchStrategy[str], lengths: st.SearchStrategy[int]
) -> str:
    """The text of a list: a few numbers again and again, for 512 take long to draw."""
    few = draw(st.lists(numbers, min_size=1, max_size=8))
    length = draw(lengths)
    return f"[{','.join((few * (length // len(few) + 1))[:length])}]"


def body(one: str, two: str, threshold: str, metric: str) -> str:
    return (
        f'{{"embedding1": {one}, "embedding2": {two}, "threshold": {threshold},'
        f' "distance_metric": "{metric}"}}'
    )


@given(vectors(ANY, LENGTHS), vectors(ANY, LENGTHS), st.one_of(THRESHOLDS, ANY), METRICS)
def test_any_lists(
    local_service: httpx.Client, one: str, two: str, threshold: str, metric: str
) -> None:
    post(local_service, COMPARE, body(one, two, threshold or '""', metric))


@given(vectors(FINITE, st.just(512)), vectors(FINITE, st.just(512)), THRESHOLDS, METRICS)
def test_finite_vectors_are_compared_both_ways_alike(
    local_service: httpx.Client, one: str, two: str, threshold: str, metric: str
) -> None:
    there = post(local_service, COMPARE, body(one, two, threshold, metric))
    back = post(local_service, COMPARE, body(two, one, threshold, metric))
    if "error" in there:
        assert there["error"]["code"] == "INVALID_EMBEDDING"
        assert back["error"]["code"] == "INVALID_EMBEDDING"
        # Of finite numbers only these two cannot be compared.
        far = not any(map(float, json.loads(one))) or not any(map(float, json.loads(two)))
        assert far or metric == "euclidean"
    else:
        assert back["distance"] == pytest.approx(there["distance"], rel=1e-9, abs=1e-12)


PACKED = st.one_of(
    st.binary(min_size=2048, max_size=2048), st.binary(max_size=3000), st.just(bytes(2048))
).map(lambda data: json.dumps(base64.b64encode(data).decode()))


@given(st.one_of(vectors(ANY, LENGTHS), PACKED, st.text().map(json.dumps)), METRICS)
def test_any_person_to_look_for(
    local_service: httpx.Client, portrait: str, embedding: str, metric: str
) -> None:
    images = f'[{{"image": "{portrait}"}}, {{"image": "!"}}]'
    fields = f'"images": {images}, "distance_metric": "{metric}"'
    content = post(local_service, MATCH, f'{{"embedding": {embedding}, {fields}}}')
    if "error" in content:
        assert content["error"]["code"] in ("INVALID_EMBEDDING", "VALIDATION_ERROR")
    else:
        found, bad = content["matches"]
        assert found["face_count"] == 1
        assert bad["error"]["code"] == "INVALID_IMAGE"


@given(vectors(FINITE, st.just(512)), METRICS)
def test_a_vector_is_no_distance_from_itself(
    local_service: httpx.Client, vector: str, metric: str
) -> None:
    answer = post(local_service, COMPARE, body(vector, vector, "null", metric))
    if any(map(float, json.loads(vector))):
        assert math.isclose(answer["distance"], 0, abs_tol=1e-12)
        assert answer["is_same_person"] is True
    else:
        assert answer["error"]["code"] == "INVALID_EMBEDDING"
