"""Posts requests, and checks the rules that hold for every answer."""

import json
import math
import time
from typing import Any

import httpx2 as httpx

from face_contract.scan_schemas import MatchResponse
from face_contract.schemas import CompareResponse, ErrorResponse, ExtractResponse
from face_contract.vectors import read_vector

EXTRACT = "/api/v1/extract-embedding"
COMPARE = "/api/v1/compare-faces"
MATCH = "/api/v1/match-faces"
MAX_SECONDS = 5
# Details of NO_FACE_DETECTED where no face is needed: the photo is damaged.
DAMAGED = {"warnings": ["TRUNCATED_IMAGE"]}


def post(
    service: httpx.Client, path: str, body: str, most_seconds: float = MAX_SECONDS
) -> dict[str, Any]:
    """Posts JSON text, checks the answer against the contract, and returns its content."""
    start = time.perf_counter()
    answer = service.post(path, content=body, headers={"content-type": "application/json"})
    seconds = time.perf_counter() - start
    assert seconds <= most_seconds
    assert answer.headers["content-type"] == "application/json"
    content: dict[str, Any] = answer.json()
    if answer.status_code == 200:
        assert_result(path, content)
    else:
        # No other status means that the client is at fault.
        assert answer.status_code in (400, 413, 422), answer.text
        assert_envelope(content)
    return content


def post_image(
    service: httpx.Client, image: str, most_seconds: float = MAX_SECONDS, **options: Any
) -> dict[str, Any]:
    """Posts an image. No face is required, so that most examples are decoded and embedded."""
    body = json.dumps({"image": image, "enforce_detection": False, **options})
    return post(service, EXTRACT, body, most_seconds)


def assert_result(path: str, content: dict[str, Any]) -> None:
    if path == COMPARE:
        comparison = CompareResponse.model_validate(content)
        assert math.isfinite(comparison.distance)
        assert comparison.is_same_person == (comparison.distance < comparison.threshold_used)
        return
    if path == MATCH:
        for match in MatchResponse.model_validate(content).matches:
            assert match.is_same_person == (
                (match.distance or math.inf) < content["threshold_used"]
            )
            assert match.distance is None or math.isfinite(match.distance)
        return
    embedding = ExtractResponse.model_validate(content).embedding
    assert embedding is not None
    numbers = read_vector(embedding, "embedding")
    assert len(numbers) == 512
    assert all(map(math.isfinite, numbers))


def assert_envelope(content: dict[str, Any]) -> None:
    assert list(content) == ["error"]
    assert list(content["error"]) == ["code", "message", "details"]
    assert ErrorResponse.model_validate(content).error.message.endswith(".")
