"""Reads HTTP requests from API Gateway events, whatever their shape.

Mangum's own readers raise on events that a gateway may send: null headers, IPv6 hosts, several
ports, invalid base64. They also ignore base paths and named stages.
"""

import base64
import binascii
import re
from typing import Any
from urllib.parse import unquote, urlencode

from mangum.handlers import APIGateway, HTTPGateway
from mangum.types import LambdaConfig, LambdaContext, LambdaEvent, Scope

from face_service.app import API_PREFIX

PATH_PARAMETER = re.compile(r"\{(\w+)\+?\}")


class RestApiRequest(APIGateway):
    """Payload version 1: a REST API, or an HTTP API configured for it.

    Reads every event that no other class reads. Missing values and values of a wrong type count as
    empty, so that the app answers with its envelope.
    """

    @classmethod
    def infer(cls, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> bool:  # noqa: ARG003
        """Returns whether this class reads the event. Mangum itself reads load balancer events."""
        return "elb" not in as_dict(event.get("requestContext"))

    @property
    def body(self) -> bytes:
        """The request body as the client sent it."""
        return read_body(self.event)

    @property
    def scope(self) -> Scope:
        """The request's ASGI scope."""
        event = self.event
        context = as_dict(event.get("requestContext"))
        path = unquote(as_text(event.get("path")))
        route = as_text(event.get("resource")) or as_text(context.get("resourcePath"))
        prefix = find_prefix(
            path, fill_path_parameters(route, event), as_text(context.get("stage"))
        )
        own_path = path.removeprefix(prefix) or "/"
        # On a REST API's default host name, only this path has the stage.
        client_path = unquote(as_text(context.get("path")))
        if client_path.endswith(own_path):
            prefix = client_path.removesuffix(own_path)
        query = pairs(event.get("multiValueQueryStringParameters"))
        return make_scope(
            method=as_text(event.get("httpMethod")),
            root_path=prefix,
            path=own_path,
            query=urlencode(query or pairs(event.get("queryStringParameters"))),
            headers=pairs(event.get("multiValueHeaders")) or pairs(event.get("headers")),
        )


class HttpApiRequest(HTTPGateway):
    """Payload version 2: an HTTP API or a function URL."""

    @classmethod
    def infer(cls, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> bool:  # noqa: ARG003
        """Returns whether this class reads the event."""
        return "http" in as_dict(event.get("requestContext")) or event.get("version") == "2.0"

    @property
    def body(self) -> bytes:
        """The request body as the client sent it."""
        return read_body(self.event)

    @property
    def scope(self) -> Scope:
        """The request's ASGI scope."""
        event = self.event
        context = as_dict(event.get("requestContext"))
        http = as_dict(context.get("http"))
        path = unquote(as_text(event.get("rawPath")) or as_text(http.get("path")))
        # "GET /api/v1/health", or "$default".
        route = as_text(event.get("routeKey")).partition(" ")[2]
        prefix = find_prefix(
            path, fill_path_parameters(route, event), as_text(context.get("stage"))
        )
        return make_scope(
            method=as_text(http.get("method")),
            root_path=prefix,
            path=path.removeprefix(prefix) or "/",
            query=as_text(event.get("rawQueryString")),
            headers=pairs(event.get("headers")),
        )


def find_prefix(path: str, route: str, stage: str) -> str:
    """Returns the part of a path before the app's own: a stage, a base path, or "".

    Args:
        path: the whole path.
        route: the part of it that the gateway's route matched; "" if unknown.
        stage: name of the stage.
    """
    is_known = route.startswith("/") and path.endswith(route)
    prefix = path.removesuffix(route) if is_known else ""
    # With a default route, only `path` shows a custom domain's base path.
    before, api, _ = path.removeprefix(prefix).rpartition(f"{API_PREFIX}/")
    if not is_known and not api and path.startswith(f"/{stage}/"):
        return f"/{stage}"
    return prefix + before


def fill_path_parameters(route: str, event: LambdaEvent) -> str:
    """Returns a route with its path parameters filled in: /static/{proxy+} as /static/a/b."""
    parameters = dict(pairs(event.get("pathParameters")))
    return PATH_PARAMETER.sub(lambda found: parameters.get(found[1], found[0]), route)


def read_body(event: LambdaEvent) -> bytes:
    """Returns the body. Invalid base64 is left as it is: the app refuses it as invalid JSON."""
    body = as_text(event.get("body")).encode("utf-8", "surrogatepass")
    if event.get("isBase64Encoded") is True:
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error:
            return body
    return body


def make_scope(
    method: str, root_path: str, path: str, query: str, headers: list[tuple[str, str]]
) -> Scope:
    """Returns an ASGI scope with the values that are the same for every gateway filled in."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "root_path": root_path,
        "path": root_path + path,
        "raw_path": None,
        "query_string": query.encode("utf-8", "replace"),
        "headers": [
            [name.lower().encode("utf-8", "replace"), value.encode("utf-8", "replace")]
            for name, value in headers
        ],
        # Hosts and ports have too many spellings to parse, and the app does not need them.
        "client": None,
        "server": None,
        # Mangum answers in this payload version.
        "aws.event": {"version": "2.0"},
    }


def pairs(mapping: object) -> list[tuple[str, str]]:
    """Returns a mapping's (name, value) pairs, one per string in a list; skips other values."""
    return [
        (name, value)
        for name, values in as_dict(mapping).items()
        for value in (values if isinstance(values, list) else [values])
        if isinstance(value, str)
    ]


def as_dict(value: object) -> dict[str, Any]:
    """Returns `value` if it is a dict, else an empty dict."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """Returns `value` if it is a string, else an empty string."""
    return value if isinstance(value, str) else ""
