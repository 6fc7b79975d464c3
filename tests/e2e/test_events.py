"""Every sample event, run through the handler of its function."""

import base64
import json
from typing import Any

import httpx2 as httpx
import pytest

from face_contract.ping import INSTANCE_ID
from face_service.app import create_app
from face_service.lambda_entry import LambdaHandler, create_handler
from face_service.settings import Settings
from tests.conftest import Context, LoadEvent
from tests.support.paths import EVENT_DIR, MODEL_DIR

EVENTS = sorted(path.relative_to(EVENT_DIR).as_posix() for path in EVENT_DIR.rglob("*.json"))
EXPECTED_STATUS = {"malformed": 422}


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["isBase64Encoded"] is False
    body: dict[str, Any] = json.loads(answer["body"])
    return body


@pytest.mark.parametrize("name", [name for name in EVENTS if "-v" in name])
def test_requests(handlers: dict[str, LambdaHandler], load_event: LoadEvent, name: str) -> None:
    function, file = name.split("/")
    answer = handlers[function](load_event(name), Context())
    expected = EXPECTED_STATUS.get(file.rsplit("-", 1)[0], 200)
    assert answer["statusCode"] == expected, answer["body"]
    assert ("error" in body_of(answer)) == (expected != 200)


@pytest.mark.parametrize("function", ["extract", "compare"])
def test_pings_are_answered_by_the_process(
    handlers: dict[str, LambdaHandler], load_event: LoadEvent, function: str
) -> None:
    answer = handlers[function](load_event(f"{function}/ping.json"), Context())
    assert answer["status"] == "warm"
    assert answer["instance_id"] == INSTANCE_ID


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_lambda_answers_as_the_local_server_does(
    handlers: dict[str, LambdaHandler],
    load_event: LoadEvent,
    local_service: httpx.Client,
    version: str,
) -> None:
    event = load_event(f"extract/extract-embedding-{version}.json")
    ours = body_of(handlers["extract"](event, Context()))
    image = base64.b64encode((EVENT_DIR / "portrait.jpg").read_bytes()).decode()
    local = local_service.post("/api/v1/extract-embedding", json={"image": image}).json()
    for answer in (ours, local):
        del answer["processing_time_ms"]
    assert ours == local


def test_bodies_may_come_as_base64(
    handlers: dict[str, LambdaHandler], load_event: LoadEvent
) -> None:
    event = load_event("compare/compare-faces-v1.json")
    plain = body_of(handlers["compare"](event, Context()))
    event["body"] = base64.b64encode(event["body"].encode()).decode()
    event["isBase64Encoded"] = True
    assert body_of(handlers["compare"](event, Context())) == plain


def test_there_is_an_event_for_every_endpoint_in_both_versions() -> None:
    endpoints = (
        *("health", "extract-embedding", "extract-embeddings", "match-faces", "warm-up"),
        *("model-info", "compare-faces"),
    )
    names = {name.split("/")[1] for name in EVENTS}
    assert {f"{e}-{v}.json" for e in endpoints for v in ("v1", "v2")} < names


def test_documentation_on_lambda_knows_its_stage(load_event: LoadEvent) -> None:
    settings = Settings(model_dir=MODEL_DIR, enable_docs=True)
    app = create_app("Documented", [], settings, docs=True)
    handler = create_handler(app, "documented", Settings(), lambda: None)
    event = load_event("extract/health-v1.json")

    def get(path: str) -> dict[str, Any]:
        context = {**event["requestContext"], "path": f"/prod{path}"}
        return handler({**event, "path": path, "requestContext": context}, Context())

    page = get("/docs")
    assert page["statusCode"] == 200
    assert "/prod/openapi.json" in page["body"]
    assert "/prod/static-offline-docs/swagger-ui.css" in page["body"]
    assert get("/static-offline-docs/swagger-ui.css")["statusCode"] == 200
    assert json.loads(get("/openapi.json")["body"])["servers"] == [{"url": "/prod"}]
