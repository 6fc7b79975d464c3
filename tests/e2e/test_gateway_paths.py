"""Stages and custom domains put something before the app's own path."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from face_service.app import create_app
from face_service.lambda_entry import LambdaHandler, create_handler
from face_service.settings import Settings
from tests.conftest import Context
from tests.support.paths import ROOT
from tools.api_gateway import STAGE

Event: TypeAlias = dict[str, Any]
HEALTH = "/api/v1/health"
DOCS, STYLE = "/docs", "/static-offline-docs/swagger-ui.css"
# Of the template: the style sheet has a route with a parameter.
ROUTES = {HEALTH: HEALTH, DOCS: DOCS, STYLE: "/static-offline-docs/{proxy+}"}


def rest_api(path: str, own: str, stage_path: str, *, catch_all: bool = False) -> Event:
    """A REST API's event. `stage_path` is what its context has: the whole path."""
    route = "/{proxy+}" if catch_all else ROUTES[own]
    return {
        "resource": route,
        "path": path,
        "httpMethod": "GET",
        "pathParameters": {"proxy": own[1:] if catch_all else own.rpartition("/")[2]},
        "requestContext": {"path": stage_path, "resourcePath": route, "stage": "prod"},
    }


def http_api(path: str, own: str, stage: str, *, route: str | None = None) -> Event:
    """An HTTP API's event, which has the whole path only."""
    route = f"GET {ROUTES[own]}" if route is None else route
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "pathParameters": {"proxy": own[1:] if " /{proxy+}" in route else own.rpartition("/")[2]},
        "requestContext": {"http": {"method": "GET", "path": path}, "stage": stage},
    }


# From the app's own path to an event.
GATEWAYS: dict[str, tuple[str, Callable[[str], Event]]] = {
    "REST API": ("/prod", lambda own: rest_api(own, own, f"/prod{own}")),
    "its domain": ("", lambda own: rest_api(own, own, own)),
    "base path": ("/faces", lambda own: rest_api(f"/faces{own}", own, f"/faces{own}")),
    "two levels": ("/a/b", lambda own: rest_api(f"/a/b{own}", own, f"/a/b{own}", catch_all=True)),
    "the app's own prefix": (
        "/api/v1",
        lambda own: rest_api(f"/api/v1{own}", own, f"/api/v1{own}"),
    ),
    "HTTP API": ("", lambda own: http_api(own, own, "$default")),
    "default route": ("", lambda own: http_api(own, own, "$default", route="$default")),
    "named stage": ("/prod", lambda own: http_api(f"/prod{own}", own, "prod")),
    "both": ("/prod", lambda own: http_api(f"/prod{own}", own, "prod", route="$default")),
    "any path": ("/prod", lambda own: http_api(f"/prod{own}", own, "prod", route="ANY /{proxy+}")),
    "mapping": ("/faces", lambda own: http_api(f"/faces{own}", own, "prod")),
}


@pytest.mark.parametrize(("prefix", "make_event"), GATEWAYS.values(), ids=GATEWAYS)
def test_documentation_links_to_where_the_client_sees_it(
    prefix: str, make_event: Callable[[str], Event]
) -> None:
    app = create_app("Documented", [], Settings(), docs=True)
    handler = create_handler(app, "documented", Settings(), lambda: None)
    page = handler(make_event(DOCS), Context())
    assert page["statusCode"] == 200
    text = page["body"].replace('"', "'")
    assert f"'{prefix}/openapi.json'" in text
    assert f"'{prefix}{STYLE}'" in text
    assert handler(make_event(STYLE), Context())["statusCode"] == 200


@pytest.mark.parametrize("make_event", [make for _, make in GATEWAYS.values()], ids=GATEWAYS)
def test_the_api_is_behind_every_gateway(
    handlers: dict[str, LambdaHandler], make_event: Callable[[str], Event]
) -> None:
    answer = handlers["extract"](make_event(HEALTH), Context())
    assert answer["statusCode"] == 200, answer["body"]


@pytest.mark.parametrize(
    "event",
    [
        http_api(f"/faces{HEALTH}", HEALTH, "$default", route="$default"),
        http_api(f"/faces{HEALTH}", HEALTH, "prod", route="GET /faces/{proxy+}"),
        http_api(HEALTH, HEALTH, "api"),
        http_api(HEALTH, HEALTH, "api", route="$default"),
        rest_api(f"/fa%20ces{HEALTH}", HEALTH, f"/fa%20ces{HEALTH}"),
        rest_api("/faces/api/v1/%68ealth", HEALTH, "/faces/api/v1/%68ealth"),
    ],
    ids=["mapping and default route", "route with a prefix", "api", "api, default", "blank", "%"],
)
def test_the_api_is_found_without_a_hint(handlers: dict[str, LambdaHandler], event: Event) -> None:
    assert handlers["extract"](event, Context())["statusCode"] == 200


@pytest.mark.parametrize(
    "path",
    [f"{HEALTH}/more", f"/x{HEALTH}x", "/prodapi/v1/health", "/api/v2/health", "/prod", "", "%"],
)
def test_no_other_path_is(handlers: dict[str, LambdaHandler], path: str) -> None:
    for event in (
        http_api(path, HEALTH, "prod", route="$default"),
        rest_api(path, HEALTH, f"/prod{path}", catch_all=True),
    ):
        answer = handlers["extract"](event, Context())
        assert answer["statusCode"] == 404, answer["body"]


def test_events_and_tools_have_the_stage_of_the_template() -> None:
    assert f"StageName: {STAGE}\n" in (ROOT / "template.yaml").read_text("utf-8")
    for path in (ROOT / "events").rglob("*-v1.json"):
        text = path.read_text("utf-8")
        assert f'"stage": "{STAGE}"' in text
        is_custom_domain = "custom-domain" in path.name
        assert (f'"path": "/{STAGE}/api/v1/' in text) is not is_custom_domain
