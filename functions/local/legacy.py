"""A streaming reverse proxy to the old service, for paths that this API does not have."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from http import HTTPMethod
from typing import TypeAlias
from urllib.parse import urlsplit

import httpcore2
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from face_contract.errors import BadGateway, ServiceError, TimedOut
from face_service.error_handlers import envelope

logger = logging.getLogger(__name__)

Headers: TypeAlias = list[tuple[bytes, bytes]]

# RFC 9110 §7.6.1 and §7.6.3. Proxy-Authenticate and its kind are for proxies that a client chose.
HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade", b"proxy-authenticate", b"proxy-authorization"),
    }
)
# uvicorn has met the expectation when the body is read; the others are set anew.
REPLACED_REQUEST_HEADERS = frozenset({b"host", b"expect", b"x-forwarded-host", b"x-forwarded-proto"})
# uvicorn sends its own.
REPLACED_RESPONSE_HEADERS = frozenset({b"date", b"server"})
NAME = b"face-embeddings"


class ClientLeft(Exception):
    """The client closed its connection."""


class LegacyPaths:
    """Passes requests for paths without a route to another server, and its answers back.

    Bodies are streamed in both directions and never decoded. Paths with a route stay with the app,
    whatever their method. Redirects are the client's to follow, and nothing that a client sends
    changes which server is asked.

    Args:
        app: answers what has a route.
        routes: the app's.
        url: the other server's, without a last slash.
        timeout_s: longest wait to connect, to send a part of the body and for a part of the answer.
    """

    def __init__(
        self, app: ASGIApp, routes: Sequence[BaseRoute], url: str, timeout_s: float
    ) -> None:
        self._app = app
        self._routes = routes
        parts = urlsplit(url)
        self._host = parts.netloc.encode("ascii")
        self._prefix = parts.path.encode("ascii")
        self._url = httpcore2.URL(url)
        is_tls = parts.scheme == "https"
        self._ssl_context = httpcore2.default_ssl_context() if is_tls else None
        waits = ("connect", "read", "write", "pool")
        self._extensions = {"timeout": dict.fromkeys(waits, timeout_s)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, to the app or to the other server."""
        if scope["type"] == "http" and self._is_foreign(scope):
            exchange = asyncio.ensure_future(self._exchange(scope, _Client(scope, receive, send)))
            await exchange
        else:
            await self._app(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        path: str = scope["path"]
        # `*`, and paths that the other server may resolve to one outside of its URL.
        if not scope["raw_path"].startswith(b"/") or not {".", ".."}.isdisjoint(
            path.replace("\\", "/").split("/")
        ):
            return False
        return all(route.matches(scope)[0] is Match.NONE for route in self._routes)
