"""A streaming reverse proxy to the old service, for paths that this API does not have."""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

import anyio
import httpcore2
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from face_contract.errors import BadGateway, ServiceError, TimedOut

logger = logging.getLogger(__name__)

Headers: TypeAlias = list[tuple[bytes, bytes]]

# RFC 9110 §7.6.1, and the headers for proxies that a client has chosen.
HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade", b"proxy-authenticate", b"proxy-authorization"),
    }
)
# uvicorn meets `Expect`; the others are set anew.
SET_IN_REQUESTS = frozenset(
    {
        *(b"host", b"expect", b"via"),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
    }
)
# uvicorn sends its own.
SET_IN_ANSWERS = frozenset({b"date", b"server"})
# No upgrade was asked for, and uvicorn knows no others.
ANSWERED = range(200, 600)
# This proxy's name in `Via`.
PSEUDONYM = b"face-embeddings"


class LegacyPaths:
    """Passes requests for paths without a route to one other server, and its answers back.

    Bodies are streamed both ways and never decoded. Paths with a route stay with the app, whatever
    the method. Redirects are left to the client.

    Args:
        app: answers what has a route.
        routes: the app's.
        url: the other server's, without a last slash.
        timeout_s: how long to wait for a connection, or for the other server to read or send more.
        answer_error: makes the answer if the other server fails.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[BaseRoute],
        url: str,
        timeout_s: float,
        answer_error: Callable[[ServiceError], ASGIApp],
    ) -> None:
        self._app = app
        self._routes = routes
        parts = urlsplit(url)
        self._host = parts.netloc.encode("ascii")
        self._prefix = parts.path.encode("ascii")
        self._origin = httpcore2.URL(url).origin
        is_tls = parts.scheme == "https"
        self._ssl_context = httpcore2.default_ssl_context() if is_tls else None
        self._answer_error = answer_error
        self._timeouts = dict.fromkeys(("connect", "read", "write"), timeout_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, to the app or to the other server."""
        if scope["type"] != "http" or not self._is_foreign(scope):
            await self._app(scope, receive, send)
            return
        # RFC 9112 §6.3: without either, there is no body.
        framing = {key for key, _ in scope["headers"]} & {b"content-length", b"transfer-encoding"}
        body = _RequestBody(receive, exists=bool(framing))
        async with anyio.create_task_group() as tasks:

            async def stop_if_abandoned() -> None:
                await body.wait_for_disconnect()
                tasks.cancel_scope.cancel()

            tasks.start_soon(stop_if_abandoned)
            await self._exchange(scope, body, send)
            tasks.cancel_scope.cancel()

    def _is_foreign(self, scope: Scope) -> bool:
        # It asks for a tunnel and not for a path.
        if scope["method"] == "CONNECT":
            return False
        # The target `*`, and paths that might lead outside of the prefix.
        segments = scope["path"].replace("\\", "/").split("/")
        if not scope["raw_path"].startswith(b"/") or not {".", ".."}.isdisjoint(segments):
            return False
        return all(route.matches(scope)[0] is Match.NONE for route in self._routes)

    async def _exchange(self, scope: Scope, body: "_RequestBody", send: Send) -> None:
        if _has_passed(scope["headers"]):
            logger.error("LEGACY_URL leads back to this server")
            await self._answer_error(BadGateway())(scope, body.receive, send)
            return
        is_started = False
        try:
            # A connection for each request: an idle one may be closed just when it is used again.
            async with (
                httpcore2.AsyncHTTPConnection(self._origin, self._ssl_context) as connection,
                connection.stream(
                    scope["method"],
                    self._target(scope),
                    headers=self._request_headers(scope),
                    # The library would declare an empty one as chunked.
                    content=body.read() if body.exists else None,
                    extensions={"timeout": self._timeouts},
                ) as answer,
            ):
                if answer.status not in ANSWERED:
                    raise httpcore2.RemoteProtocolError
                headers = _keep(answer.headers, SET_IN_ANSWERS)
                start = {"type": "http.response.start", "status": answer.status}
                await send({**start, "headers": headers})
                is_started = True
                async for part in answer.aiter_stream():
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body"})
        except (
            httpcore2.TimeoutException,
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
        ) as error:
            logger.error("the old service failed: %s", type(error).__name__)
            # uvicorn closes the connection of an answer that has no end, so the client notices.
            if not is_started:
                is_late = isinstance(error, httpcore2.TimeoutException)
                failure = self._answer_error(TimedOut() if is_late else BadGateway())
                await failure(scope, body.receive, send)

    def _target(self, scope: Scope) -> httpcore2.URL:
        target = self._prefix + scope["raw_path"]
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        origin = self._origin
        return httpcore2.URL(
            scheme=origin.scheme, host=origin.host, port=origin.port, target=target
        )

    def _request_headers(self, scope: Scope) -> Headers:
        sent: Headers = scope["headers"]
        is_chunked = bool(_values(sent, b"transfer-encoding"))
        # A length beside it would be a lie.
        kept = _keep(sent, SET_IN_REQUESTS | ({b"content-length"} if is_chunked else set()))
        client = scope["client"][0].encode("ascii")
        return [
            (b"Host", self._host),
            *kept,
            *([(b"Transfer-Encoding", b"chunked")] if is_chunked else []),
            (b"Connection", b"close"),
            (b"Via", b", ".join([*_values(sent, b"via"), b"1.1 " + PSEUDONYM])),
            (b"X-Forwarded-For", b", ".join([*_values(sent, b"x-forwarded-for"), client])),
            (b"X-Forwarded-Host", b", ".join(_values(sent, b"host"))),
            (b"X-Forwarded-Proto", scope["scheme"].encode("ascii")),
        ]


class _RequestBody:
    """A client's body, and its disconnect, which arrives by the same channel."""

    def __init__(self, receive: Receive, *, exists: bool) -> None:
        self.receive = receive
        self.exists = exists
        self._is_done = anyio.Event()
        if not exists:
            self._is_done.set()

    async def read(self) -> AsyncIterator[bytes]:
        """Yields the body in parts. If the client leaves, it waits to be cancelled."""
        has_more = True
        try:
            while has_more:
                message = await self.receive()
                if message["type"] == "http.disconnect":
                    self._is_done.set()
                    await anyio.sleep_forever()
                if part := message.get("body"):
                    yield part
                has_more = message.get("more_body", False)
        finally:
            self._is_done.set()

    async def wait_for_disconnect(self) -> None:
        """Waits until the client leaves. What it sends after `read` has ended is dropped."""
        await self._is_done.wait()
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _has_passed(headers: Headers) -> bool:
    """Whether a request has been here before: `Via` lists protocol and name of each proxy."""
    passed = b",".join(_values(headers, b"via")).split(b",")
    return any(entry.split()[1:2] == [PSEUDONYM] for entry in passed)


def _keep(headers: Iterable[tuple[bytes, bytes]], replaced: Collection[bytes]) -> Headers:
    """Returns the headers that are for the other end, with names in lower case."""
    lowered = [(key.lower(), value) for key, value in headers]
    named = b",".join(_values(lowered, b"connection")).lower().split(b",")
    # Whatever `Connection` says, a body keeps its length.
    dropped = HOP_BY_HOP | ({name.strip() for name in named} - {b"content-length"})
    return [(k, v) for k, v in lowered if k not in dropped and k not in replaced]
