"""The checks of a new version, on the functions' real answers and on answers that were altered."""

import json
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest

from face_warmup.known_answers import Send, WrongAnswer, check_comparison, check_extraction
from tests.conftest import LoadEvent

MODEL = "mobilefacenet/yunet/similarity"
Alter = Callable[[dict[str, Any]], object]


@pytest.fixture
def send(local_service: httpx.Client) -> Send:
    """Sends an event's request to the service; answers as a function does."""

    def send_event(event: dict[str, Any]) -> dict[str, Any]:
        answer = local_service.request(event["httpMethod"], event["path"], content=event["body"])
        return {"statusCode": answer.status_code, "body": answer.text}

    return send_event


def altered(send: Send, alter: Alter) -> Send:
    """Sends as before, and alters the answer."""

    def send_event(event: dict[str, Any]) -> Any:
        answer = send(event)
        body = json.loads(answer["body"])
        alter(body)
        return {**answer, "body": json.dumps(body)}

    return send_event


def test_real_answers_are_right(send: Send, load_event: LoadEvent) -> None:
    extraction = load_event("extract/extract-embedding-v1.json")
    check_extraction(send, extraction, MODEL)
    comparison = load_event("compare/compare-faces-v1.json")
    check_comparison(send, comparison)


@pytest.mark.parametrize(
    "alter",
    [
        lambda body: body.update(face_count=0),
        lambda body: body.update(face_count=2),
        lambda body: body.update(embedding=None),
        lambda body: body["embedding"].pop(),
        lambda body: body.update(embedding=[0.0] * 512),
        lambda body: body["embedding"].__setitem__(0, float("nan")),
        lambda body: body["embedding"].__setitem__(0, "0.1"),
        lambda body: body["facial_area"].update(x=120),
        lambda body: body["facial_area"].update(h=20),
        lambda body: body.update(model="arcface-6336979c/yunet/similarity"),
        lambda body: body.update(model="mobilefacenet-87aacdfe/yunet/deepface"),
        lambda body: body.update(model="mobilefacenet-87aacdfe/yunet/similarity/unaligned"),
        lambda body: body.pop("model"),
    ],
)
def test_a_wrong_extraction_is_refused(send: Send, load_event: LoadEvent, alter: Alter) -> None:
    event = load_event("extract/extract-embedding-v1.json")
    with pytest.raises(WrongAnswer) as caught:
        check_extraction(altered(send, alter), event, MODEL)
    # No part of the embedding is in the message, which is logged.
    assert "0." not in str(caught.value)


def test_an_error_is_refused(send: Send, load_event: LoadEvent) -> None:
    with pytest.raises(WrongAnswer, match="status is 422"):
        check_extraction(send, load_event("extract/malformed-v1.json"), MODEL)


@pytest.mark.parametrize(
    "alter",
    [
        lambda body: body.update(distance=body["distance"] + 1e-4),
        lambda body: body.update(distance=0.0),
        lambda body: body.update(is_same_person=True),
        lambda body: body.update(is_same_person=False),
        lambda body: body.update(threshold_used=0.4),
        lambda body: body.update(distance_metric="cosine"),
        lambda body: body.pop("distance"),
    ],
)
def test_a_wrong_comparison_is_refused(send: Send, load_event: LoadEvent, alter: Alter) -> None:
    with pytest.raises(WrongAnswer):
        check_comparison(altered(send, alter), load_event("compare/compare-faces-v1.json"))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "warm",
        {},
        {"statusCode": 503, "body": "{}"},
        {"statusCode": 200},
        {"statusCode": 200, "body": None},
        {"statusCode": 200, "body": "no JSON"},
        {"statusCode": 200, "body": "[]"},
        {"statusCode": 200, "body": 7},
    ],
)
def test_what_is_no_answer_is_refused(load_event: LoadEvent, answer: Any) -> None:
    with pytest.raises(WrongAnswer):
        check_extraction(
            lambda _event: answer, load_event("extract/extract-embedding-v1.json"), MODEL
        )
    with pytest.raises(WrongAnswer):
        check_comparison(lambda _event: answer, load_event("compare/compare-faces-v1.json"))
