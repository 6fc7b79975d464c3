"""A local API Gateway in front of pools of Lambda environments.

Turns HTTP requests into events and the functions' answers into HTTP responses, with the gateway
responses of template.yaml. Also serves Lambda's own API (tools/lambda_api.py).
"""

import base64
import http.client
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import uvicorn
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from face_contract.errors import (
    GATEWAY_ERRORS,
    BadGateway,
    ErrorCode,
    NotFound,
    PayloadTooLarge,
    TimedOut,
)
from face_service.app import API_PREFIX
from functions.local.protocol import KEEP_ALIVE_S
from tools import lambda_api
from tools.lambda_api import Functions, Routing
from tools.lambda_pool import MAX_PAYLOAD_BYTES, Answer, Busy, Pool, free_port
from tools.translate_template import Template, read_template

# API Gateway's limits.
MAX_BODY_BYTES = 10 * 1024 * 1024
TIMEOUT_S = 29
STAGE = "prod"
ANY_METHOD = "x-amazon-apigateway-any-method"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def read_functions(template: Template) -> dict[str, str]:
    """Returns the name of the function that serves each path: `extract` or `compare`."""
    paths = template["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    functions = {}
    for path, methods in paths.items():
        if path.startswith(API_PREFIX):
            integration = methods[ANY_METHOD]["x-amazon-apigateway-integration"]
            called = re.search(r"\$\{(\w+)Function\.Arn\}", integration["uri"]["Fn::Sub"])
            if called is None:
                raise ValueError(f"{path} calls no function")
            functions[path] = called[1].lower()
    return functions


FUNCTIONS = read_functions(read_template())


def create_gateway(
    pools: Mapping[str, Pool],
    timeout_s: float = TIMEOUT_S,
    aliases: Mapping[str, Routing] | None = None,
) -> Starlette:
    """Builds the gateway app.

    Args:
        pools: keyed by function name; other versions of a function as `extract:2`.
        timeout_s: API Gateway's integration timeout, in seconds.
        aliases: for Lambda's API, of functions with several versions.
    """
    app = Starlette(
        routes=[*lambda_api.ROUTES, Route("/{path:path}", serve_request, methods=METHODS)]
    )
    app.state.pools = pools
    app.state.functions = Functions(pools, aliases or {})
    app.state.timeout_s = timeout_s
    return app


async def serve_request(request: Request) -> Response:
    """Answers as API Gateway does: from a function, or with its own error."""
    function = FUNCTIONS.get(request.url.path)
    if function is None:
        # A REST API reports a missing "authentication token" there; the template turns that into a
        # 404.
        return gateway_response(ErrorCode.NOT_FOUND)
    body = await request.body()
    event = json.dumps(make_event(request, body)).encode()
    if len(body) > MAX_BODY_BYTES or len(event) > MAX_PAYLOAD_BYTES:
        return gateway_response(ErrorCode.PAYLOAD_TOO_LARGE)
    state = request.app.state
    try:
        answer = await run_sync(state.pools[function].invoke, event, state.timeout_s)
    except Busy:
        return gateway_response(ErrorCode.TOO_MANY_REQUESTS)
    except TimeoutError:
        return gateway_response(ErrorCode.TIMEOUT)
    except (OSError, http.client.HTTPException):
        return gateway_response(ErrorCode.BAD_GATEWAY)
    return to_response(answer)


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serves an app on loopback in a thread; yields its address."""
    port = free_port()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        timeout_keep_alive=KEEP_ALIVE_S,
        # A hanging request must not stop the server from shutting down.
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def make_event(request: Request, body: bytes) -> dict[str, object]:
    """Returns the REST API event (version 1) for a request."""
    multi_headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        multi_headers.setdefault(name, []).append(value)
    multi_query = {key: request.query_params.getlist(key) for key in request.query_params}
    return {
        "resource": request.url.path,
        "path": request.url.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in multi_headers.items()},
        "multiValueHeaders": multi_headers,
        "queryStringParameters": {key: values[-1] for key, values in multi_query.items()} or None,
        "multiValueQueryStringParameters": multi_query or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": request.method,
            "identity": {"sourceIp": "127.0.0.1"},
            "path": f"/{STAGE}{request.url.path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "resourcePath": request.url.path,
            "stage": STAGE,
        },
        # No binary media types are configured, so bodies are passed on as text.
        "body": body.decode("utf-8", "replace") if body else None,
        "isBase64Encoded": False,
    }


def to_response(answer: Answer) -> Response:
    """Returns a function's answer as API Gateway sends it; 502 if it is not a valid answer."""
    if answer.failed:
        return gateway_response(ErrorCode.BAD_GATEWAY)
    content = answer.json()
    if not isinstance(content, dict) or "statusCode" not in content:
        return gateway_response(ErrorCode.BAD_GATEWAY)
    body = content.get("body") or ""
    data = base64.b64decode(body) if content.get("isBase64Encoded") else body.encode()
    response = Response(data, content["statusCode"])
    single = {name: [value] for name, value in (content.get("headers") or {}).items()}
    for name, values in {**single, **(content.get("multiValueHeaders") or {})}.items():
        if name.lower() != "content-length":
            for value in values:
                response.headers.append(name, value)
    return response


# The messages of template.yaml; its tests check that they are the same.
GATEWAY_RESPONSES: dict[ErrorCode, tuple[HTTPStatus, str]] = {
    BadGateway.code: (BadGateway.status, BadGateway.message),
    NotFound.code: (NotFound.status, NotFound.message),
    PayloadTooLarge.code: (PayloadTooLarge.status, PayloadTooLarge.message),
    TimedOut.code: (TimedOut.status, TimedOut.message),
    **{error.code: (error.status, error.message) for error in GATEWAY_ERRORS},
}


def gateway_response(code: ErrorCode) -> Response:
    """Returns one of the gateway's own error responses."""
    status, message = GATEWAY_RESPONSES[code]
    return JSONResponse(
        {"error": {"code": code, "message": message, "details": None}},
        status,
        {"Access-Control-Allow-Origin": "*"},
    )
