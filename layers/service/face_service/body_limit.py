"""Refuses bodies that are too large or have too many JSON values, while they are read."""

from http import HTTPStatus

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from face_contract.errors import PayloadTooLarge
from face_service.error_handlers import envelope

MAX_LENGTH_DIGITS = 18
# Two embeddings have 1,024. A body of 15 MB can have 7 million: parsing them takes half a gigabyte,
# and blocks every other answer for seconds, health included.
MAX_JSON_VALUES = 100_000


class BodyLimit:
    """Counts the bytes received, so it also catches chunked bodies and wrong Content-Lengths.

    FastAPI's `max_body_size` would refuse a declared length in plain text and without CORS headers;
    the contract wants the envelope.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and refuses its body at the first limit that it exceeds."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "").lstrip("0")
        # Python refuses to parse numbers of thousands of digits.
        is_huge = len(declared) > MAX_LENGTH_DIGITS
        if is_huge or (declared.isdecimal() and int(declared) > self.max_body_bytes):
            await envelope(PayloadTooLarge(self.max_body_bytes))(scope, receive, send)
            return
        received = values = 0

        async def count() -> Message:
            nonlocal received, values
            message = await receive()
            body = message.get("body", b"")
            received += len(body)
            # Nearly every JSON value follows one of these.
            values += sum(body.count(sign) for sign in (b",", b"[", b"{"))
            if received > self.max_body_bytes:
                # While FastAPI reads a body, it passes on only its own exceptions.
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if values > MAX_JSON_VALUES:
                raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
            return message

        await self.app(scope, count, send)
