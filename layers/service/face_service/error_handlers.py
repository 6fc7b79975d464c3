"""Turns every failure, ours, the framework's and the unexpected, into the one envelope."""

import logging
import traceback
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from face_contract.errors import (
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    ServiceError,
)

logger = logging.getLogger(__name__)


def envelope(error: ServiceError, headers: dict[str, str] | None = None) -> JSONResponse:
    """Returns the answer for an error, with its own headers unless others are given."""
    body = {"code": error.code, "message": error.message, "details": error.details}
    return JSONResponse({"error": body}, error.status, headers or error.headers)


def register_error_handlers(app: FastAPI, max_body_bytes: int) -> None:
    """Makes `app` answer every exception but the unexpected, which `LastResort` answers."""

    @app.exception_handler(ServiceError)
    def handle_service_error(_request: Request, error: ServiceError) -> JSONResponse:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("%s: %s", error.code, error.message)
        return envelope(error)

    @app.exception_handler(RequestValidationError)
    def handle_validation_error(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Only place and sentence: the rest of pydantic's report holds what the client sent.
        fields = [
            {"field": _field_name(e["type"], e["loc"]), "message": e["msg"]} for e in error.errors()
        ]
        return envelope(InvalidRequest(details={"fields": fields}))

    @app.exception_handler(HTTPException)
    def handle_http_error(_request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        match error.status_code:
            case HTTPStatus.NOT_FOUND:
                return envelope(NotFound(), headers)
            case HTTPStatus.METHOD_NOT_ALLOWED:
                return envelope(MethodNotAllowed(), headers)
            case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return envelope(PayloadTooLarge(max_body_bytes), headers)
            case HTTPStatus.BAD_REQUEST:
                # FastAPI raises this for a body that is not UTF-8 or nested too deep; bad syntax is
                # a RequestValidationError.
                unreadable = {"field": "body", "message": "The body cannot be read as JSON."}
                return envelope(InvalidRequest(details={"fields": [unreadable]}), headers)
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                too_many = {"field": "body", "message": "The body has too many values."}
                return envelope(InvalidRequest(details={"fields": [too_many]}), headers)
            case _:
                return _unexpected(error)


def _field_name(kind: str, location: Sequence[object]) -> str:
    # Of malformed JSON the location is an offset.
    path = [] if kind == "json_invalid" else location[1:]
    return ".".join(map(str, path)) or "body"


class LastResort:
    """Answers what no handler knows with INTERNAL_ERROR.

    It stands inside the CORS middleware, where the framework's own last resort does not, so
    that a browser can read the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through but what goes wrong."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            response = _unexpected(error)
            if not started:
                await response(scope, receive, send)


def _unexpected(error: Exception) -> JSONResponse:
    # The frames without the exception's text, which may hold what the client sent.
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("unexpected %s\n%s", type(error).__name__, frames)
    return envelope(InternalError())
