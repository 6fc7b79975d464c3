"""Refuses a request body over its limits, before it is read whole."""

from http import HTTPStatus

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from face_contract.errors import PayloadTooLarge
from face_service.error_handlers import envelope

MAX_LENGTH_DIGITS = 18
# Two embeddings have 1,024. A body of 15 MB could have 7 million: half a gigabyte, and seconds in
# which nobody is answered, health neither.
MAX_JSON_VALUES = 100_000


class BodyLimit:
    """Counts what arrives, so that chunked bodies and wrong Content-Lengths are caught too.

    FastAPI's `max_body_size` answers a declared length in plain text and outside of the CORS
    middleware; the contract wants the envelope.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a body within the limit through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "").lstrip("0")
        # Python refuses to read numbers of thousands of digits.
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
            # Each but the first of its kind stands behind one of these.
            values += sum(body.count(sign) for sign in (b",", b"[", b"{"))
            if received > self.max_body_bytes:
                # FastAPI lets only its own exceptions out of the reading of a body.
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if values > MAX_JSON_VALUES:
                raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
            return message

        await self.app(scope, count, send)
