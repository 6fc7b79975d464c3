"""Builds a FastAPI app: routes, error handlers, body limit, CORS and documentation."""

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus

from fastapi import APIRouter, FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send, StatelessLifespan

from face_contract import __version__
from face_service.body_limit import BodyLimit
from face_service.error_handlers import LastResort, register_error_handlers
from face_service.openapi import complete_document
from face_service.settings import Settings

API_PREFIX = "/api/v1"
# Swagger UI starts by a script in the page, and Redoc searches in a worker made of a blob.
PAGE_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline';"
    " style-src 'self' 'unsafe-inline'; worker-src blob:"
)


class Cors(CORSMiddleware):
    """Answers preflights without a body: Starlette's is plain text, but all of ours are JSON.

    Args:
        app: gives the other answers.
        settings: the origins that may call.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            # CORS forbids credentials together with `*`.
            allow_credentials="*" not in settings.cors_origins,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Returns Starlette's response to a preflight as 204, without its body."""
        headers = super().preflight_response(request_headers).headers
        kept = {k: v for k, v in headers.items() if k not in ("content-length", "content-type")}
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=kept)


class PagePolicy:
    """Lets pages load from this service only, unless they have a policy: Redoc's wants a logo."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds the policy to answers that are HTML."""

        async def add_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("content-security-policy", PAGE_POLICY)
            await send(message)

        await self.app(scope, receive, add_policy)


def create_app(
    title: str,
    routers: Sequence[APIRouter],
    settings: Settings,
    *,
    docs: bool,
    lifespan: StatelessLifespan[FastAPI] | None = None,
) -> FastAPI:
    """Builds the app that serves `routers` under `/api/v1`.

    Args:
        title: title of the documentation.
        routers: the function's routes.
        settings: body limit and CORS origins.
        docs: whether to serve `/docs`, `/redoc` and `/openapi.json`; they work offline.
        lifespan: startup and shutdown code, which Lambda never runs.
    """
    make: Callable[..., FastAPI] = partial(FastAPI, openapi_url=None)
    if docs:
        # Imported here because most images do not contain this package.
        from fastapi_offline import FastAPIOffline

        make = FastAPIOffline
    app = make(
        title=title,
        version=__version__,
        lifespan=lifespan,
        # A redirect from /path/ to /path would drop API Gateway's stage.
        redirect_slashes=False,
        # Simple clients send JSON without a Content-Type.
        strict_content_type=False,
    )
    for router in routers:
        app.include_router(router, prefix=API_PREFIX)
    complete_document(app)
    register_error_handlers(app, settings.max_body_bytes)
    if docs:
        app.add_middleware(PagePolicy)
    # The middleware added last is the outermost.
    app.add_middleware(BodyLimit, max_body_bytes=settings.max_body_bytes)
    app.add_middleware(LastResort)
    app.add_middleware(Cors, settings=settings)
    return app
