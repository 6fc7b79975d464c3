"""An HTTP request in an event of API Gateway, read without trusting the event's shape.

Mangum's own readers raise on what a gateway may send: null headers, IPv6 hosts, several ports,
invalid base64. They do not know base paths and named stages either.
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
    """Payload version 1: a REST API, or an HTTP API that is set to it. Takes any event but ALB's.

    What is missing or of a wrong type counts as empty, so that the app answers in its envelope.
    """

    @classmethod
    def infer(cls, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> bool:  # noqa: ARG003
        """Returns whether this class reads the event. For ALB Mangum has its own."""
        return "elb" not in as_dict(event.get("requestContext"))

    @property
    def body(self) -> bytes:
        """The body as the client sent it."""
        return read_body(self.event)

    @property
    def scope(self) -> Scope:
        """The request as ASGI describes it."""
        event = self.event
        context = as_dict(event.get("requestContext"))
        path = unquote(as_text(event.get("path")))
        route = as_text(event.get("resource")) or as_text(context.get("resourcePath"))
        prefix = find_prefix(path, fill_in(route, event), as_text(context.get("stage")))
        own_path = path.removeprefix(prefix) or "/"
        # A REST API's own host has the stage in this path only.
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
        """The body as the client sent it."""
        return read_body(self.event)

    @property
    def scope(self) -> Scope:
        """The request as ASGI describes it."""
        event = self.event
        context = as_dict(event.get("requestContext"))
        http = as_dict(context.get("http"))
        path = unquote(as_text(event.get("rawPath")) or as_text(http.get("path")))
        # "GET /api/v1/health", or "$default".
        route = as_text(event.get("routeKey")).partition(" ")[2]
        prefix = find_prefix(path, fill_in(route, event), as_text(context.get("stage")))
        return make_scope(
            method=as_text(http.get("method")),
            root_path=prefix,
            path=path.removeprefix(prefix) or "/",
            query=as_text(event.get("rawQueryString")),
            headers=pairs(event.get("headers")),
        )


def find_prefix(path: str, route: str, stage: str) -> str:
    """Returns what comes before the app's own path: a stage, a custom domain's base path, or "".

    Args:
        path: the whole path.
        route: the part of it that the gateway's route stands for; "" when unknown.
        stage: its name.
    """
    is_known = route.startswith("/") and path.endswith(route)
    prefix = path.removesuffix(route) if is_known else ""
    # A custom domain's base path before a default route is in no other part of the event.
    before, api, _ = path.removeprefix(prefix).rpartition(f"{API_PREFIX}/")
    if not is_known and not api and path.startswith(f"/{stage}/"):
        return f"/{stage}"
    return prefix + before


def fill_in(route: str, event: LambdaEvent) -> str:
    """Returns a route with the request's path parameters: /static/{proxy+} becomes /static/a/b."""
    parameters = dict(pairs(event.get("pathParameters")))
    return PATH_PARAMETER.sub(lambda found: parameters.get(found[1], found[0]), route)


def read_body(event: LambdaEvent) -> bytes:
    """Returns the body. Invalid base64 stays text, for the app to refuse as invalid JSON."""
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
    """Returns an ASGI scope. Client, server and scheme are left at what every gateway has."""
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
        # HTTP hosts and ports have too many spellings, and nothing of ours needs them.
        "client": None,
        "server": None,
        # Mangum looks up which payload version to answer in.
        "aws.event": {"version": "2.0"},
    }


def pairs(mapping: object) -> list[tuple[str, str]]:
    """Returns names and values of a mapping to texts or to lists of texts; skips all else."""
    return [
        (name, value)
        for name, values in as_dict(mapping).items()
        for value in (values if isinstance(values, list) else [values])
        if isinstance(value, str)
    ]


def as_dict(value: object) -> dict[str, Any]:
    """Returns a value that is a dict; else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """Returns a value that is text; else an empty one."""
    return value if isinstance(value, str) else ""
