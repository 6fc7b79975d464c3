"""The playground at `/`, a page that calls the API. Only the local server has it."""

from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).with_name("page")
INDEX = "index.html"
# Not guessed: the machine's own table may differ, and browsers run no script of another type.
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Everything comes from this server; `blob:` is a photo that the page itself holds.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def add_playground(app: FastAPI) -> None:
    """Adds the page as `/` and its other files below `/playground`, outside the documentation."""
    for file in sorted(FOLDER.iterdir()):
        if file.suffix in MEDIA_TYPES:
            path = "/" if file.name == INDEX else f"/playground/{file.name}"
            _add_file(app, path, file)


def _add_file(app: FastAPI, path: str, file: Path) -> None:
    def serve(_request: Request) -> Response:
        # Starlette's FileResponse would answer a bad `Range` outside of the envelope.
        return Response(file.read_bytes(), media_type=MEDIA_TYPES[file.suffix], headers=HEADERS)

    app.add_route(path, serve, methods=["GET"], include_in_schema=False)
