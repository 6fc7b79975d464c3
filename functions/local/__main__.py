"""The local server: python -m functions.local."""

import sys
from pathlib import Path

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from face_engine.model.catalog import read_catalog
from face_service.app import API_PREFIX
from face_service.settings import InvalidSetting, Settings, read_settings
from functions.local.protocol import KEEP_ALIVE_HEADER, KEEP_ALIVE_S, EnvelopeProtocol

PORTRAIT = Path(__file__).resolve().parents[2] / "events" / "portrait.jpg"


def main() -> None:
    """Serves with the settings of the environment."""
    try:
        settings = read_settings(read_catalog().choices)
    except InvalidSetting as error:
        sys.exit(str(error))
    serve(settings)


def serve(settings: Settings) -> None:
    """Serves until it is stopped. The app reads all settings but these from the environment itself.

    Args:
        settings: address, port, log level and whether to reload.
    """
    print(welcome(settings), flush=True)
    uvicorn.run(
        "functions.local.app:create",
        factory=True,
        host=settings.host,
        port=settings.port,
        reload=settings.reload,
        http=EnvelopeProtocol,
        timeout_keep_alive=KEEP_ALIVE_S,
        headers=[KEEP_ALIVE_HEADER],
        # Any program on this machine could claim to be a proxy; nothing here needs the client's
        # address but `LEGACY_URL`, which passes on the real one.
        proxy_headers=False,
        log_level=settings.log_level.lower(),
        log_config=log_config(settings.log_level),
        # It would log queries, which hold client data.
        access_log=False,
    )


def welcome(settings: Settings) -> str:
    """Returns a text with the server's address and a curl command to paste."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104
    address = f"http://{host}:{settings.port}"
    image = f"$(base64 < '{PORTRAIT}' | tr -d '\\n')"
    return (
        f"\nServing at {address} (documentation: {address}/docs). Open it in a browser, or try:\n\n"
        f"""  echo '{{"image": "'{image}'"}}' | curl -s -H 'Content-Type: application/json' -d @-"""
        f" {address}{API_PREFIX}/extract-embedding\n"
    )


def log_config(level: str) -> dict[str, object]:
    """Returns uvicorn's logging configuration with our loggers added."""
    ours = {"handlers": ["default"], "level": level, "propagate": False}
    loggers = dict.fromkeys(("face_contract", "face_engine", "face_service", "functions"), ours)
    return {**LOGGING_CONFIG, "loggers": {**LOGGING_CONFIG["loggers"], **loggers}}


if __name__ == "__main__":
    main()
