"""health, warm-up, model-info and CORS."""

from collections.abc import Callable

import httpx2 as httpx
import pytest

from face_contract import __version__
from face_contract.schemas import ModelInfoResponse
from face_engine.model.catalog import read_catalog
from face_service.openapi import example_of


def test_health(service: httpx.Client) -> None:
    answer = service.get("/api/v1/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "healthy",
        "model": "MobileFaceNet",
        "embedding_dimensions": 512,
        "model_loaded": True,
        "version": __version__,
    }


def test_warm_up_of_a_loaded_model(service: httpx.Client) -> None:
    answers = [service.post("/api/v1/warm-up") for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["status"] == "already_loaded"
    assert answers[0].json()["model"] == "MobileFaceNet"
    assert answers[0].json()["load_time_seconds"] > 0


def test_the_model_is_loaded_when_it_is_needed(make_service: Callable[..., httpx.Client]) -> None:
    # Without its lifespan the app loads nothing at start.
    service = make_service()
    assert service.get("/api/v1/health").json()["model_loaded"] is False
    assert service.get("/api/v1/model-info").json()["model_loaded"] is False
    assert service.post("/api/v1/warm-up").json()["status"] == "loaded"
    assert service.post("/api/v1/warm-up").json()["status"] == "already_loaded"
    assert service.get("/api/v1/health").json()["model_loaded"] is True


def test_model_info(service: httpx.Client, request: pytest.FixtureRequest) -> None:
    answer = service.get("/api/v1/model-info")
    assert answer.status_code == 200
    info = ModelInfoResponse.model_validate(answer.json())
    artifacts = read_catalog().models["mobilefacenet"].artifacts
    assert {w.file: w.sha256 for w in info.weights} == {a.file: a.sha256 for a in artifacts}
    assert answer.json()["distance_metrics"] == {
        "cosine": 0.68,
        "euclidean": 4.15,
        "euclidean_l2": 1.13,
    }
    # Lambda takes 6 MB, and API Gateway's event is more than the body.
    on_lambda = service is request.getfixturevalue("lambda_service")
    assert answer.json()["limits"] == {
        "max_body_bytes": 6_225_920 if on_lambda else 15_728_640,
        "max_image_bytes": 10_485_760,
        "max_base64_image_bytes": 4_669_440 if on_lambda else 10_485_760,
        "max_answer_bytes": 6_000_000 if on_lambda else 15_728_640,
        "max_image_pixels": 64_000_000,
        "max_webp_pixels": 32_000_000,
    }
    assert info.inference_engines[0].name == "onnxruntime"


def test_any_origin_may_call_without_credentials(service: httpx.Client) -> None:
    answer = service.get("/api/v1/health", headers={"origin": "https://a.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_only_listed_origins_may_call(make_service: Callable[..., httpx.Client]) -> None:
    service = make_service(cors_origins=("https://a.example",))
    for origin, allowed in (("https://a.example", True), ("https://b.example", False)):
        preflight = service.options(
            "/api/v1/extract-embedding",
            headers={"origin": origin, "access-control-request-method": "POST"},
        )
        assert ("access-control-allow-origin" in preflight.headers) is allowed
        assert preflight.status_code == 204
        assert preflight.content == b""
        refused = service.post("/api/v1/nothing", headers={"origin": origin})
        assert refused.status_code == 404
        assert ("access-control-allow-origin" in refused.headers) is allowed


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_documentation_needs_no_internet(local_service: httpx.Client, path: str) -> None:
    page = local_service.get(path)
    assert page.status_code == 200
    assert "https://" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assets = [part.split('"')[0] for part in page.text.split('src="')[1:]]
    assets += [part.split('"')[0] for part in page.text.split('href="')[1:]]
    assert assets
    for asset in assets:
        assert local_service.get(asset).status_code == 200, asset


def test_the_documented_example_is_what_is_answered(service: httpx.Client) -> None:
    answer, example = service.get("/api/v1/model-info").json(), example_of(ModelInfoResponse)
    for field in ("model", "model_identity", "detector", "alignment", "input_size"):
        assert answer[field] == example[field]
