"""HTTP/1.1 details in which uvicorn differs from the contract."""

import re
from http import HTTPStatus
from urllib.parse import unquote

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from face_contract.errors import InvalidRequest
from face_service.error_handlers import envelope

# Clients and proxies keep idle connections for up to a minute. If the server closed one first, a
# request sent at that moment would be lost.
KEEP_ALIVE_S = 75
KEEP_ALIVE_HEADER = ("Keep-Alive", f"timeout={KEEP_ALIVE_S}")
# After an answer to an unfinished body: time for the client to notice the answer.
UNREAD_BODY_S = 5
ABSOLUTE_FORM = re.compile(rb"https?://[^/]*", re.IGNORECASE)
NOT_HTTP = "The request is not valid HTTP/1.1."


class EnvelopeProtocol(H11Protocol):
    """Answers malformed HTTP in the envelope, and closes connections whose body never arrives.

    uvicorn answers malformed HTTP in plain text. After it has answered an unfinished body, more of
    that body cancels its idle timeout, so it may wait for ever.
    """

    def on_response_complete(self) -> None:
        """Sets how long to wait for the next request, or for the rest of this one."""
        self.timeout_keep_alive = self._idle_timeout_s()
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Reads data, and restarts the idle timeout if that was cancelled after an early answer."""
        super().data_received(data)
        is_answered = self.cycle is not None and self.cycle.response_complete
        if is_answered and self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self._idle_timeout_s(), self.timeout_keep_alive_handler
            )

    def _idle_timeout_s(self) -> int:
        unread = self.conn.their_state is h11.SEND_BODY
        return UNREAD_BODY_S if unread else self.config.timeout_keep_alive

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Answers, unless an answer has already started, and closes the connection.

        With 422, as API Gateway does by the template: in the contract, code and status agree.
        """
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = envelope(InvalidRequest(NOT_HTTP))
            headers = [*answer.raw_headers, (b"connection", b"close")]
            head = h11.Response(
                status_code=answer.status_code,
                headers=headers,
                reason=HTTPStatus(answer.status_code).phrase.encode(),
            )
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class AbsoluteForm:
    """Routes `GET http://host/path` like `GET /path`, as RFC 9112 §3.2.2 requires."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Removes scheme and host from the target. The host does not matter here."""
        origin = ABSOLUTE_FORM.match(scope["raw_path"]) if scope["type"] == "http" else None
        if origin:
            raw_path = scope["raw_path"][origin.end() :] or b"/"
            scope = {**scope, "raw_path": raw_path, "path": unquote(raw_path.decode("ascii"))}
        await self.app(scope, receive, send)
