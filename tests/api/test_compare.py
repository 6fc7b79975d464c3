import math
import time
from typing import Any

import httpx2 as httpx
import pytest

from face_contract.schemas import CompareResponse
from tests.support.envelope import assert_error
from tests.support.vectors import vector

PATH = "/api/v1/compare-faces"


def post(service: httpx.Client, **body: Any) -> httpx.Response:
    return service.post(PATH, json=body)


# By hand: (3, 4) · (4, 3) = 24, both norms 5, the difference is (-1, 1).
@pytest.mark.parametrize(
    ("metric", "distance", "threshold", "similarity"),
    [
        ("cosine", 0.04, 0.68, 0.96),
        ("euclidean", math.sqrt(2), 4.15, math.exp(-math.sqrt(2) / 4.15)),
        ("euclidean_l2", math.sqrt(2) / 5, 1.13, math.exp(-math.sqrt(2) / 5 / 1.13)),
    ],
)
def test_formulas(
    service: httpx.Client, metric: str, distance: float, threshold: float, similarity: float
) -> None:
    answer = post(service, embedding1=vector(3, 4), embedding2=vector(4, 3), distance_metric=metric)
    assert answer.status_code == 200
    content = answer.json()
    assert set(content) == set(CompareResponse.model_fields)
    assert content["distance"] == pytest.approx(distance, abs=1e-12)
    assert content["similarity"] == pytest.approx(similarity)
    assert content["confidence"] == pytest.approx((threshold - distance) / threshold)
    assert content["threshold_used"] == threshold
    assert content["distance_metric"] == metric
    assert content["is_same_person"] is True


def test_the_main_clients_own_call(service: httpx.Client) -> None:
    answer = post(service, embedding1=vector(1), embedding2=vector(1, 2), threshold=0.68)
    assert answer.status_code == 200
    assert answer.json()["distance_metric"] == "cosine"
    assert answer.json()["distance"] == pytest.approx(1 - 1 / math.sqrt(5))
    assert answer.json()["is_same_person"] is True


def test_the_decision_is_strict(service: httpx.Client) -> None:
    body = {"embedding1": vector(1), "embedding2": vector(0, 1)}
    assert post(service, **body, threshold=1.0).json()["is_same_person"] is False
    assert post(service, **body, threshold=1.0000001).json()["is_same_person"] is True


def test_whole_numbers_and_null_threshold_are_fine(service: httpx.Client) -> None:
    answer = post(service, embedding1=[1] * 512, embedding2=[2] * 512, threshold=None)
    assert answer.status_code == 200
    assert answer.json()["distance"] == pytest.approx(0, abs=1e-12)
    assert answer.json()["threshold_used"] == 0.68


@pytest.mark.parametrize(
    "number", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400], ids=lambda n: n[:8]
)
def test_numbers_that_are_not_finite_are_no_embedding(service: httpx.Client, number: str) -> None:
    ones = ",".join(["1"] * 511)
    body = f'{{"embedding1": [{ones},{number}], "embedding2": [{ones},1]}}'
    answer = service.post(PATH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_EMBEDDING"
    assert answer.json()["error"]["details"] == {"field": "embedding1"}


@pytest.mark.parametrize("embedding", [[1.0] * 511, [1.0] * 513, [], [0.0] * 512])
def test_wrong_lengths_and_zero_vectors_are_no_embedding(
    service: httpx.Client, embedding: list[float]
) -> None:
    answer = post(service, embedding1=vector(1), embedding2=embedding)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_EMBEDDING"
    assert answer.json()["error"]["details"]["field"] == "embedding2"


@pytest.mark.parametrize("threshold", ["0", "-0.1", "NaN", "Infinity", "1e999", '"0.68"', "true"])
def test_a_threshold_is_positive_and_finite(service: httpx.Client, threshold: str) -> None:
    ones = ",".join(["1"] * 512)
    body = f'{{"embedding1": [{ones}], "embedding2": [{ones}], "threshold": {threshold}}}'
    answer = service.post(PATH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    fields = answer.json()["error"]["details"]["fields"]
    assert [field["field"] for field in fields] == ["threshold"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"embedding1": None}, "embedding1"),
        ({"embedding1": "1,2,3"}, "embedding1"),
        ({"embedding2": ["1"] * 512}, "embedding2.0"),
        ({"embedding2": [True] * 512}, "embedding2.0"),
        ({"distance_metric": "manhattan"}, "distance_metric"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(
    service: httpx.Client, change: dict[str, Any], field: str
) -> None:
    answer = post(service, **{"embedding1": vector(1), "embedding2": vector(1), **change})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    fields = answer.json()["error"]["details"]["fields"]
    assert fields[0]["field"] == field
    assert len(fields) <= 20


@pytest.mark.parametrize("digits", [309, 310, 4301, 5000, 100_000])
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("position", [0, 200, 511, 512])
def test_integers_of_any_length_are_no_embedding(
    service: httpx.Client, digits: int, sign: str, position: int
) -> None:
    numbers = ["1"] * 512
    numbers[position:position] = [sign + "9" * digits]
    embedding = ",".join(numbers[:512] if position < 512 else numbers)
    body = f'{{"embedding1": [{",".join(["1"] * 512)}], "embedding2": [{embedding}]}}'
    answer = service.post(PATH, content=body, headers={"content-type": "application/json"})
    assert_error(answer, 400, "INVALID_EMBEDDING")
    assert answer.json()["error"]["details"]["field"] == "embedding2"


def test_an_integer_of_millions_of_digits_takes_no_time(local_service: httpx.Client) -> None:
    body = b'{"embedding1": [%b], "embedding2": []}' % (b"9" * 14_000_000)
    start = time.perf_counter()
    assert_error(local_service.post(PATH, content=body), 400, "INVALID_EMBEDDING")
    # Python would need minutes to parse it.
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "number", ["9" * 5000, "-" + "9" * 5000, "9" * 309], ids=["long", "negative", "309 digits"]
)
def test_a_threshold_of_any_length_is_finite(service: httpx.Client, number: str) -> None:
    ones = ",".join(["1"] * 512)
    body = f'{{"embedding1": [{ones}], "embedding2": [{ones}], "threshold": {number}}}'
    answer = service.post(PATH, content=body, headers={"content-type": "application/json"})
    error = assert_error(answer, 422, "VALIDATION_ERROR")
    assert [field["field"] for field in error["details"]["fields"]] == ["threshold"]


@pytest.mark.parametrize(
    "number", ["0" * 5000, "0" + "9" * 5000, "+" + "9" * 5000, "9" * 5000 + "x"]
)
def test_long_numbers_that_are_not_json_do_not_fit(service: httpx.Client, number: str) -> None:
    body = f'{{"embedding1": [{number}], "embedding2": [1]}}'
    answer = service.post(PATH, content=body, headers={"content-type": "application/json"})
    assert_error(answer, 422, "VALIDATION_ERROR")


MODEL = "mobilefacenet-87aacdfe/yunet/similarity"


@pytest.mark.parametrize(
    ("model1", "model2"),
    [
        (MODEL, MODEL),
        ("a-1/yunet/deepface", "a-1/retinaface/deepface"),
        # Nothing is known about one of them.
        (MODEL, None),
        (None, MODEL),
        (None, None),
    ],
)
def test_equal_weights_and_alignment_are_comparable(
    service: httpx.Client, model1: str | None, model2: str | None
) -> None:
    body = {"embedding1": vector(3, 4), "embedding2": vector(4, 3)}
    answer = post(service, **body, model1=model1, model2=model2)
    assert answer.status_code == 200
    assert answer.json() == post(service, **body).json()


@pytest.mark.parametrize(
    "other",
    [
        "mobilefacenet-00000000/yunet/similarity",
        "mobilefacenet-87aacdfe/yunet/box",
        "arcface-6336979c/yunet/similarity",
        # Names are compared as they are.
        "MobileFaceNet-87aacdfe/yunet/similarity",
    ],
)
def test_other_weights_or_alignments_are_not_comparable(service: httpx.Client, other: str) -> None:
    for model1, model2 in ((MODEL, other), (other, MODEL)):
        answer = post(
            service, embedding1=vector(1), embedding2=vector(1), model1=model1, model2=model2
        )
        error = assert_error(answer, 409, "MODEL_MISMATCH")
        assert error["details"] == {"model1": model1, "model2": model2}


@pytest.mark.parametrize(
    "model", ["", "a/b", "a/b/c/d", "a/b c/d", "//", f"{MODEL}\n", "a/b/" + "c" * 81, 1, [MODEL]]
)
def test_what_is_no_model_identity_does_not_fit(service: httpx.Client, model: object) -> None:
    answer = post(service, embedding1=vector(1), embedding2=vector(1), model2=model)
    error = assert_error(answer, 422, "VALIDATION_ERROR")
    assert [field["field"] for field in error["details"]["fields"]] == ["model2"]
