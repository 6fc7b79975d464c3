"""The client before a service that is busy, slow, broken or wrong."""

import asyncio
import json
import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from face_contract.errors import ErrorCode
from face_embedding_client import (
    AnsweredError,
    CallTimedOut,
    ConnectionFailed,
    Embedding,
    FaceClient,
    FaceClientError,
    Forbidden,
    ImageRejected,
    InvalidAnswer,
    ModelMismatch,
    MultipleFacesDetected,
    NoFaceDetected,
    PayloadTooLarge,
    RequestRejected,
    RetryPolicy,
    ServiceFailed,
    ServiceUnavailable,
)
from tests.support.scripted_service import (
    HEALTHY,
    MODEL,
    VECTOR,
    Reply,
    extraction,
    failure,
    in_base64,
    ok,
    serve_script,
)
from tools.lambda_pool import free_port

QUICK = RetryPolicy(retries=3, base_s=0.01)
PERSON = Embedding(tuple(VECTOR), MODEL)
FACE = {
    "embedding": in_base64(VECTOR),
    "face_confidence": 0.9,
    "facial_area": {"x": 1, "y": 2, "w": 30, "h": 40},
    "landmarks": {
        name: {"x": 1.5, "y": 2}
        for name in ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")
    },
    "quality": {"face_px": 30, "sharpness": 99.5, "roll_degrees": 1, "yaw_degrees": None},
}
PHOTO = {"width": 90, "height": 60, "face_count": 1, "faces": [FACE], "model": MODEL}
MATCH = {"is_same_person": True, "distance": 0.5, "face_count": 1, "model": MODEL, "warnings": []}
MATCHES = {"threshold_used": 0.68, "distance_metric": "cosine", "model": MODEL}


@pytest.mark.parametrize("status", [429, 503, 504])
def test_busy_services_are_asked_again(status: int) -> None:
    busy = failure(status, "OVERLOADED")
    with (
        serve_script(busy, busy, HEALTHY) as service,
        FaceClient(service.address, retries=QUICK) as client,
    ):
        assert client.health().status == "healthy"
        assert len(service.requests) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 500, 502, 302, 201])
def test_other_answers_are_final(status: int) -> None:
    with (
        serve_script(Reply(status, b"<html>"), HEALTHY) as service,
        FaceClient(service.address, retries=QUICK) as client,
    ):
        with pytest.raises(AnsweredError) as caught:
            client.health()
        assert (caught.value.status, caught.value.code) == (status, None)
        assert len(service.requests) == 1


def test_the_last_error_is_raised_when_there_are_no_more_retries() -> None:
    with (
        serve_script(failure(503, "OVERLOADED")) as service,
        FaceClient(service.address, retries=QUICK) as client,
    ):
        with pytest.raises(ServiceUnavailable, match="OVERLOADED"):
            client.health()
        assert len(service.requests) == 4


@pytest.mark.alone
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed(form: str) -> None:
    # A date has whole seconds, so this one is 1 to 2 seconds away.
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    busy = failure(503, "OVERLOADED", Retry_After="1" if form == "seconds" else date)
    with (
        serve_script(busy, HEALTHY) as service,
        FaceClient(service.address, retries=QUICK) as client,
    ):
        client.health()
        first, second = (request.at_s for request in service.requests)
    assert (0.95 if form == "seconds" else 0.5) <= second - first < 3


@pytest.mark.parametrize(
    ("retry_after", "timeout_s"), [("31", 60.0), ("5", 2.0), ("9999999999", 60.0)]
)
def test_a_pause_that_is_too_long_is_not_begun(retry_after: str, timeout_s: float) -> None:
    busy = failure(429, "TOO_MANY_REQUESTS", Retry_After=retry_after)
    start = time.monotonic()
    with (
        serve_script(busy) as service,
        FaceClient(service.address, retries=QUICK, timeout_s=timeout_s) as client,
    ):
        with pytest.raises(ServiceUnavailable) as caught:
            client.health()
        assert len(service.requests) == 1
    assert caught.value.retry_after_s == float(retry_after)
    assert time.monotonic() - start < 2


CODES: dict[ErrorCode, tuple[int, type[AnsweredError]]] = {
    ErrorCode.NO_FACE_DETECTED: (400, NoFaceDetected),
    ErrorCode.MULTIPLE_FACES_DETECTED: (400, MultipleFacesDetected),
    ErrorCode.INVALID_IMAGE: (400, ImageRejected),
    ErrorCode.DOWNLOAD_FAILED: (400, ImageRejected),
    ErrorCode.INVALID_EMBEDDING: (400, RequestRejected),
    ErrorCode.NOT_FOUND: (404, RequestRejected),
    ErrorCode.METHOD_NOT_ALLOWED: (405, RequestRejected),
    ErrorCode.MODEL_MISMATCH: (409, ModelMismatch),
    ErrorCode.PAYLOAD_TOO_LARGE: (413, PayloadTooLarge),
    ErrorCode.VALIDATION_ERROR: (422, RequestRejected),
    ErrorCode.MODEL_ERROR: (500, ServiceFailed),
    ErrorCode.INTERNAL_ERROR: (500, ServiceFailed),
    ErrorCode.MODEL_UNAVAILABLE: (503, ServiceUnavailable),
    ErrorCode.OVERLOADED: (503, ServiceUnavailable),
    ErrorCode.TIMEOUT: (504, ServiceUnavailable),
    ErrorCode.FORBIDDEN: (403, Forbidden),
    ErrorCode.TOO_MANY_REQUESTS: (429, ServiceUnavailable),
    ErrorCode.BAD_GATEWAY: (502, ServiceUnavailable),
}


def test_every_code_has_its_error() -> None:
    assert CODES.keys() == set(ErrorCode)
    replies = [
        failure(status, code, x_amzn_requestid=f"id of {code}")
        for code, (status, _) in CODES.items()
    ]
    with (
        serve_script(*replies) as service,
        FaceClient(service.address, retries=RetryPolicy(retries=0)) as client,
    ):
        for code, (status, kind) in CODES.items():
            with pytest.raises(AnsweredError) as caught:
                client.health()
            error = caught.value
            assert type(error) is kind
            assert (error.code, error.status) == (code, status)
            assert error.request_id == f"id of {code}"
            assert error.message == str(error) == f"It is {code}."
            assert error.details == {"fact": 1}


def test_a_code_that_is_not_known_is_kept() -> None:
    with (
        serve_script(failure(418, "TEAPOT")) as service,
        FaceClient(service.address) as client,
        pytest.raises(RequestRejected) as caught,
    ):
        client.health()
    assert caught.value.code == "TEAPOT"


def changed(path: str, value: object, content: dict[str, Any]) -> dict[str, Any]:
    """Returns a copy of an answer with another value at a path."""
    copied: dict[str, Any] = json.loads(json.dumps(content))
    *parents, last = path.split(".")
    place: Any = copied
    for parent in parents:
        place = place[int(parent) if parent.isdigit() else parent]
    place[last] = value
    return copied


WRONG_VECTORS: dict[str, object] = {
    "too short": VECTOR[:511],
    "too long": [*VECTOR, 0.1],
    "empty": [],
    "not a number": [*VECTOR[:511], "0.1"],
    "a boolean": [*VECTOR[:511], True],
    "null inside": [*VECTOR[:511], None],
    "NaN": [*VECTOR[:511], math.nan],
    "infinite": [*VECTOR[:511], math.inf],
    "an integer beyond floats": [*VECTOR[:511], 10**400],
    "zeros": [0.0] * 512,
    "null": None,
    "an object": {},
    "base64, too short": in_base64(VECTOR[:511]),
    "base64, too long": in_base64([*VECTOR, 0.1]),
    "base64, NaN": in_base64([*VECTOR[:511], math.nan]),
    "base64, infinite": in_base64([*VECTOR[:511], -math.inf]),
    "base64, zeros": in_base64([0.0] * 512),
    "not base64": "*" + in_base64(VECTOR)[1:],
    "not ASCII": "é" + in_base64(VECTOR)[1:],
    "no text": "",
}


@pytest.mark.parametrize("wrong", WRONG_VECTORS.values(), ids=WRONG_VECTORS)
def test_a_wrong_vector_is_an_error_wherever_it_stands(wrong: object) -> None:
    many = changed("faces.0.embedding", wrong, PHOTO)
    one = Reply(200, json.dumps(extraction(embedding=wrong)).encode(), {"x-request-id": "r1"})
    answers = one, ok(results=[many], model=MODEL, processing_time_ms=1.0)
    with serve_script(*answers) as service, FaceClient(service.address) as client:
        with pytest.raises(InvalidAnswer, match="`embedding`") as caught:
            client.extract_embedding(b"photo")
        assert (caught.value.status, caught.value.request_id) == (200, "r1")
        with pytest.raises(InvalidAnswer, match=r"`results\[0\]\.faces\[0\]\.embedding`"):
            client.extract_embeddings([b"photo"])
        # It is not asked again for another.
        assert len(service.requests) == 2


def test_a_missing_vector_is_an_error_unless_there_is_no_face() -> None:
    without = extraction()
    del without["embedding"]
    nobody = extraction(embedding=None, face_count=0)
    with (
        serve_script(ok(**without), ok(**nobody)) as service,
        FaceClient(service.address) as client,
    ):
        with pytest.raises(InvalidAnswer, match="`embedding`"):
            client.extract_embedding(b"photo")
        assert client.extract_embedding(b"photo").embedding is None


@pytest.mark.parametrize(
    ("call", "answer", "field"),
    [
        ("extract", {"model": None}, "model"),
        ("extract", {"model": 7}, "model"),
        ("extract", {"face_count": True}, "face_count"),
        ("extract", {"face_count": 1.0}, "face_count"),
        ("extract", {"face_confidence": math.nan}, "face_confidence"),
        ("extract", {"facial_area": {"x": 1}}, "facial_area.y"),
        ("extract", {"warnings": "TRUNCATED_IMAGE"}, "warnings"),
        ("compare", {"is_same_person": 1}, "is_same_person"),
        ("compare", {"distance": None}, "distance"),
        ("many", {"results": []}, "results"),
        ("many", {"results": [PHOTO, PHOTO]}, "results"),
        ("many", {"results": ["face"]}, r"results\[0\]"),
        ("many", {"results": [{**PHOTO, "width": None}]}, r"results\[0\]\.width"),
        ("match", {"matches": []}, "matches"),
        ("match", {"matches": [{**MATCH, "distance": None}]}, r"matches\[0\]\.is_same_person"),
    ],
)
def test_other_wrong_answers_are_errors_too(
    call: str, answer: dict[str, object], field: str
) -> None:
    compared = {
        "is_same_person": True,
        **dict.fromkeys(("distance", "similarity", "confidence", "threshold_used"), 0.5),
        "distance_metric": "cosine",
    }
    scans = {"model": MODEL, "processing_time_ms": 1.0}
    calls: dict[str, tuple[dict[str, Any], Callable[[FaceClient], object]]] = {
        "extract": (extraction(), lambda client: client.extract_embedding(b"photo")),
        "compare": (compared, lambda client: client.compare(PERSON, PERSON)),
        "many": ({**scans, "results": [PHOTO]}, lambda c: c.extract_embeddings([b"photo"])),
        "match": (
            {**scans, **MATCHES, "matches": [MATCH]},
            lambda c: c.match_faces(PERSON, [b"photo"]),
        ),
    }
    right, ask = calls[call]
    with (
        serve_script(ok(**right), ok(**{**right, **answer})) as service,
        FaceClient(service.address) as client,
    ):
        ask(client)
        with pytest.raises(InvalidAnswer, match=rf"`{field}`"):
            ask(client)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"<html>"])
def test_an_answer_that_is_no_object_is_an_error(body: bytes) -> None:
    with (
        serve_script(Reply(200, body)) as service,
        FaceClient(service.address) as client,
        pytest.raises(InvalidAnswer, match="cannot be used"),
    ):
        client.health()


def test_requests_hold_what_was_given(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"file")
    replies = (
        ok(**extraction()),
        ok(results=[PHOTO] * 3, model=MODEL, processing_time_ms=1.0),
        ok(matches=[MATCH], processing_time_ms=1.0, **MATCHES),
    )
    with (
        serve_script(*replies) as service,
        FaceClient(f"{service.address}/prod/", api_key="k3y") as client,
    ):
        found = client.extract_embedding(file, enforce_detection=False, align=False)
        client.extract_embeddings(
            [b"bytes", file, "https://photos.example/a?b=c"], max_faces=2, min_face_px=40
        )
        client.match_faces(PERSON, [file], threshold=0.5, metric="euclidean_l2")
        one, many, match = service.requests
    assert found.embedding == PERSON
    assert {request.headers["x-api-key"] for request in service.requests} == {"k3y"}
    assert one.line == "POST /prod/api/v1/extract-embedding HTTP/1.1"
    assert one.body["image"] == "ZmlsZQ=="
    assert (one.body["enforce_detection"], one.body["align"]) == (False, False)
    assert many.body["images"] == [
        {"image": "Ynl0ZXM="},
        {"image": "ZmlsZQ=="},
        {"image": "https://photos.example/a?b=c", "image_type": "url"},
    ]
    assert (many.body["max_faces"], many.body["min_face_px"]) == (2, 40)
    assert match.body["embedding"] == VECTOR
    assert match.body["model"] == MODEL
    assert (match.body["threshold"], match.body["distance_metric"]) == (0.5, "euclidean_l2")


def test_embeddings_are_checked_and_not_shown() -> None:
    assert repr(PERSON) == f"Embedding(model='{MODEL}')"
    for vector in (VECTOR[1:], [math.nan, *VECTOR[1:]], [0.0] * 512):
        with pytest.raises(ValueError, match=r"numbers|number|zeros"):
            Embedding(tuple(vector), MODEL)


@pytest.mark.parametrize("photo", ["photo.jpg", "file:///etc/passwd", "/etc/passwd", ""])
def test_a_text_is_never_opened_as_a_file(photo: str) -> None:
    with serve_script(HEALTHY) as service, FaceClient(service.address) as client:
        with pytest.raises(ValueError, match="use Path"):
            client.extract_embedding(photo)
        assert service.requests == []


def test_a_photo_that_cannot_be_read_is_an_os_error(tmp_path: Path) -> None:
    with (
        serve_script(HEALTHY) as service,
        FaceClient(service.address) as client,
        pytest.raises(FileNotFoundError),
    ):
        client.extract_embedding(tmp_path / "missing.jpg")


@pytest.mark.parametrize("url", ["127.0.0.1:8001", "ftp://host", "http://", "http://host:port", ""])
def test_a_wrong_base_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        FaceClient(url)
    with pytest.raises(ValueError, match="time"):
        FaceClient("http://127.0.0.1", timeout_s=0)


def test_nothing_that_listens_is_tried_again_and_then_an_error() -> None:
    with (
        FaceClient(f"http://127.0.0.1:{free_port()}", retries=QUICK) as client,
        pytest.raises(ConnectionFailed, match="cannot be reached") as caught,
    ):
        client.health()
    assert (caught.value.status, caught.value.code) == (None, None)


def test_a_broken_answer_is_asked_for_again() -> None:
    cut = Reply(200, HEALTHY.body, missing_bytes=10)
    with (
        serve_script(cut, HEALTHY) as service,
        FaceClient(service.address, retries=QUICK) as client,
    ):
        assert client.health().model_loaded
        assert len(service.requests) == 2
    with serve_script(cut) as service, FaceClient(service.address, retries=QUICK) as client:
        with pytest.raises(ConnectionFailed):
            client.health()
        assert len(service.requests) == 4


@pytest.mark.alone
@pytest.mark.parametrize(
    "slow",
    # One byte at a time: each read is quick.
    [Reply(200, HEALTHY.body, pause_s=0.05), Reply(200, pause_s=5)],
    ids=["dribble", "silence"],
)
def test_the_time_of_a_call_is_that_of_the_whole_call(slow: Reply) -> None:
    with (
        serve_script(slow) as service,
        FaceClient(service.address, timeout_s=0.5, retries=QUICK) as client,
    ):
        start = time.monotonic()
        with pytest.raises(CallTimedOut, match=r"0\.5 s"):
            client.health()
        assert 0.45 < time.monotonic() - start < 1.5
        assert len(service.requests) == 1


@pytest.mark.alone
def test_retries_end_with_the_time_of_the_call() -> None:
    policy = RetryPolicy(retries=1000, base_s=0.1, cap_s=0.1)
    with (
        serve_script(failure(503, "OVERLOADED")) as service,
        FaceClient(service.address, timeout_s=0.6, retries=policy) as client,
    ):
        start = time.monotonic()
        with pytest.raises(FaceClientError) as caught:
            client.health()
        assert 0.4 < time.monotonic() - start < 1.5
        assert len(service.requests) > 2
    assert isinstance(caught.value, ServiceUnavailable | CallTimedOut)


def test_threads_and_event_loops_share_a_client() -> None:
    async def ask_from_a_loop(client: FaceClient) -> bool:
        # As in a notebook, whose cells run in an event loop.
        return client.health().model_loaded

    with serve_script(HEALTHY) as service, FaceClient(service.address) as client:
        assert asyncio.run(ask_from_a_loop(client))
        answers: list[bool] = []
        threads = [
            threading.Thread(target=lambda: answers.append(client.health().model_loaded))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [True] * 8
    assert not any(thread.name == "face-client" for thread in threading.enumerate())
