"""Turns every exception into an error response in the envelope."""

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
    """Returns the response for an error. Its headers are the error's own unless some are given."""
    body = {"code": error.code, "message": error.message, "details": error.details}
    return JSONResponse({"error": body}, error.status, headers or error.headers)


def register_error_handlers(app: FastAPI, max_body_bytes: int) -> None:
    """Registers handlers for all expected exceptions; `LastResort` handles the others."""

    @app.exception_handler(ServiceError)
    def handle_service_error(_request: Request, error: ServiceError) -> JSONResponse:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("%s: %s", error.code, error.message)
        return envelope(error)

    @app.exception_handler(RequestValidationError)
    def handle_validation_error(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Location and message only; the rest would echo the input.
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
                # FastAPI raises this for a body that is not UTF-8 or is nested too deeply. Bad JSON
                # syntax is a RequestValidationError.
                unreadable = {"field": "body", "message": "The body cannot be read as JSON."}
                return envelope(InvalidRequest(details={"fields": [unreadable]}), headers)
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                too_many = {"field": "body", "message": "The body has too many values."}
                return envelope(InvalidRequest(details={"fields": [too_many]}), headers)
            case _:
                return _unexpected(error)


def _field_name(kind: str, location: Sequence[object]) -> str:
    # The location of a JSON syntax error is an offset, not a field.
    path = [] if kind == "json_invalid" else location[1:]
    return ".".join(map(str, path)) or "body"


class LastResort:
    """Middleware that answers unexpected exceptions with INTERNAL_ERROR.

    It runs inside the CORS middleware, so that browsers can read the response. The framework's own
    last resort runs outside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes requests on; answers exceptions unless a response has already started."""
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


def log_unexpected(error: Exception) -> None:
    """Logs the type and the frames of an exception."""
    # Without the exception's text, which may quote the input.
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("unexpected %s\n%s", type(error).__name__, frames)


def _unexpected(error: Exception) -> JSONResponse:
    log_unexpected(error)
    return envelope(InternalError())
