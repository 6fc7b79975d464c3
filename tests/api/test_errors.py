"""Every error code, provoked once, in the one envelope."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from face_contract.errors import ModelFailed
from face_service.app import create_app
from face_service.settings import Settings
from tests.conftest import ReadPhoto
from tests.support.envelope import assert_error

EXTRACT = "/api/v1/extract-embedding"
COMPARE = "/api/v1/compare-faces"
JSON = {"content-type": "application/json"}


# At `/` the local server has the playground: test_playground.py.
@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/nothing", "/api/v1/health/", "/%00"])
def test_unknown_path(service: httpx.Client, path: str) -> None:
    assert_error(service.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", EXTRACT), ("PUT", COMPARE), ("POST", "/api/v1/health"), ("DELETE", "/api/v1/warm-up")],
)
def test_unknown_method(service: httpx.Client, method: str, path: str) -> None:
    answer = service.request(method, path)
    assert_error(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"image": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("path", [EXTRACT, COMPARE])
def test_bodies_that_are_not_what_they_should_be(
    service: httpx.Client, path: str, body: bytes
) -> None:
    error = assert_error(service.post(path, content=body, headers=JSON), 422, "VALIDATION_ERROR")
    fields = [fault["field"] for fault in error["details"]["fields"]]
    # An integer of any length is JSON: then it is the fields that do not fit.
    assert fields in (["body"], ["image"], ["embedding1", "embedding2"])


def test_the_place_of_malformed_json_is_the_body(service: httpx.Client) -> None:
    answer = service.post(EXTRACT, content=b'{"image": "AAAA",}', headers=JSON)
    error = assert_error(answer, 422, "VALIDATION_ERROR")
    assert [fault["field"] for fault in error["details"]["fields"]] == ["body"]


def test_many_bad_numbers_are_refused_at_the_first(local_service: httpx.Client) -> None:
    start = time.perf_counter()
    body = b'{"embedding1": [' + b"{}," * 40_000 + b"{}]}"
    error = assert_error(local_service.post(COMPARE, content=body), 422, "VALIDATION_ERROR")
    assert time.perf_counter() - start < 1
    assert error["details"]["fields"][0]["field"] == "embedding1.0"


@pytest.mark.parametrize("value", [b"1", b"{}", b"[]"])
@pytest.mark.parametrize(
    ("path", "field"), [(COMPARE, b"embedding1"), (EXTRACT, b"unknown"), (EXTRACT, b"image")]
)
def test_a_million_values_are_refused_unparsed(
    local_service: httpx.Client, path: str, field: bytes, value: bytes
) -> None:
    body = b'{"image": "AAAA", "%b": [%b]}' % (field, b",".join([value] * 1_000_000))
    start = time.perf_counter()
    error = assert_error(local_service.post(path, content=body), 422, "VALIDATION_ERROR")
    assert time.perf_counter() - start < 1
    assert error["details"]["fields"] == [
        {"field": "body", "message": "The body has too many values."}
    ]


def test_a_length_of_thousands_of_digits(local_service: httpx.Client) -> None:
    headers = {**JSON, "content-length": "9" * 5000}
    answer = local_service.post(EXTRACT, content=b"{}", headers=headers)
    assert_error(answer, 413, "PAYLOAD_TOO_LARGE")


def test_text_that_is_not_utf_8(local_service: httpx.Client) -> None:
    # API Gateway replaces such bytes before a function sees them.
    answer = local_service.post(EXTRACT, content=b'{"image": "\xff"}', headers=JSON)
    assert_error(answer, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "image"),
        ({"image": None}, "image"),
        ({"image": 7}, "image"),
        ({"image": "AAAA", "image_type": "file"}, "image_type"),
        ({"image": "AAAA", "enforce_detection": "false"}, "enforce_detection"),
        ({"image": "AAAA", "align": 1}, "align"),
        ({"image": "AAAA", "embedding_format": "hex"}, "embedding_format"),
    ],
)
def test_the_field_that_does_not_fit_is_named(
    service: httpx.Client, body: dict[str, Any], field: str
) -> None:
    error = assert_error(service.post(EXTRACT, json=body), 422, "VALIDATION_ERROR")
    assert [f["field"] for f in error["details"]["fields"]] == [field]


def test_the_input_is_never_echoed(service: httpx.Client) -> None:
    canary = "c4n4ry" * 20
    for body in ({"image": [canary]}, {"image": "AAAA", canary: 1, "align": canary}):
        assert canary not in service.post(EXTRACT, json=body).text
    for image in (canary, f"data:{canary},AAAA", f"https://{canary}.example/"):
        assert canary not in service.post(EXTRACT, json={"image": image}).text
    assert canary not in service.get(f"/{canary}").text


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "a"])
def test_a_body_that_is_not_called_json(service: httpx.Client, content_type: str) -> None:
    answer = service.post(
        EXTRACT, content=b'{"image": "AAAA"}', headers={"content-type": content_type}
    )
    assert_error(answer, 422, "VALIDATION_ERROR")


def test_a_body_without_a_type_is_taken_for_json(service: httpx.Client) -> None:
    request = service.build_request("POST", EXTRACT, content=b'{"image": "AAAA"}')
    assert "content-type" not in request.headers
    assert_error(service.send(request), 400, "INVALID_IMAGE")


@pytest.mark.parametrize("image", ["", "not base64!", "AAAA", "\ud800", "data:image/png;base64,AA"])
def test_invalid_image(service: httpx.Client, image: str) -> None:
    body = json.dumps({"image": image})
    assert_error(service.post(EXTRACT, content=body, headers=JSON), 400, "INVALID_IMAGE")


def test_too_many_pixels(make_service: Callable[..., httpx.Client], read_photo: ReadPhoto) -> None:
    service = make_service(max_image_pixels=10_000)
    image = base64.b64encode(read_photo("person_a_1.jpg")).decode()
    error = assert_error(service.post(EXTRACT, json={"image": image}), 400, "INVALID_IMAGE")
    assert error["details"] == {"limit_pixels": 10_000}


def test_image_too_large(local_service: httpx.Client) -> None:
    image = base64.b64encode(bytes(10_485_761)).decode()
    error = assert_error(
        local_service.post(EXTRACT, json={"image": image}), 413, "PAYLOAD_TOO_LARGE"
    )
    assert error["details"] == {"limit_bytes": 10_485_760}
    assert "URL" in error["message"]


def test_the_largest_image_is_not_too_large(local_service: httpx.Client) -> None:
    image = base64.b64encode(bytes(10_485_760)).decode()
    assert_error(local_service.post(EXTRACT, json={"image": image}), 400, "INVALID_IMAGE")


@pytest.mark.parametrize("path", [EXTRACT, COMPARE])
def test_body_too_large(local_service: httpx.Client, path: str) -> None:
    content = b" " * 15_728_641
    error = assert_error(
        local_service.post(path, content=content, headers=JSON), 413, "PAYLOAD_TOO_LARGE"
    )
    assert error["details"] == {"limit_bytes": 15_728_640}


def test_chunked_body_too_large(make_service: Callable[..., httpx.Client]) -> None:
    service = make_service(max_body_bytes=1000)
    chunks = (b" " * 100 for _ in range(11))
    assert_error(service.post(EXTRACT, content=chunks, headers=JSON), 413, "PAYLOAD_TOO_LARGE")


def test_the_largest_body_is_not_too_large(make_service: Callable[..., httpx.Client]) -> None:
    service = make_service(max_body_bytes=1000)
    body = b'{"image": "AAAA"}'.ljust(1000)
    assert_error(service.post(EXTRACT, content=body, headers=JSON), 400, "INVALID_IMAGE")


@pytest.mark.parametrize("broken", [False, True], ids=["missing", "broken"])
def test_model_unavailable(
    make_service: Callable[..., httpx.Client], tmp_path: Path, broken: bool
) -> None:
    if broken:
        (tmp_path / "fr_feature.onnx").write_bytes(b"not a network")
    service = make_service(model_dir=tmp_path)
    with service:
        answers = [
            service.get("/api/v1/health"),
            service.post("/api/v1/warm-up"),
            service.post(EXTRACT, json={"image": "AAAA"}),
        ]
        for answer in answers:
            error = assert_error(answer, 503, "MODEL_UNAVAILABLE")
            assert "`make weights FACE_MODEL=mobilefacenet`" in error["message"]
            assert str(tmp_path) not in answer.text
        # What needs no model goes on.
        assert service.get("/api/v1/model-info").json()["model_loaded"] is False
        compare = service.post(COMPARE, json={"embedding1": [1] * 512, "embedding2": [1] * 512})
        assert compare.status_code == 200


def test_bugs_are_told_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    router = APIRouter()
    secret = "".join(["s3", "cret"])

    @router.get("/bug")
    def bug() -> None:
        raise RuntimeError(secret)

    @router.get("/model")
    def model() -> None:
        raise ModelFailed

    app = create_app("Bugs", [router], Settings(cors_origins=("https://a.example",)), docs=False)
    client = TestClient(app)
    answer = client.get("/api/v1/bug", headers={"origin": "https://a.example"})
    assert_error(answer, 500, "INTERNAL_ERROR")
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert_error(client.get("/api/v1/model"), 500, "MODEL_ERROR")
    assert "RuntimeError" in caplog.text
    assert "in bug" in caplog.text
    assert secret not in caplog.text + answer.text


def test_without_docs_there_are_none() -> None:
    client = TestClient(create_app("Plain", [], Settings(), docs=False))
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert_error(client.get(path), 404, "NOT_FOUND")
