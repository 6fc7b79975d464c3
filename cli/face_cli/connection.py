"""Where photos are worked on: in this process, or by a service."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from face_cli.failures import Failure

if TYPE_CHECKING:
    from face_embedding_client import FaceClient
    from face_service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
# What a photo's own time budget does not cover.
MARGIN_S = 10.0

# Packages are imported where they are needed: the engine and the server's framework take most of a
# second, which help, completion and calls of a service can do without.


def connect(url: str | None, api_key: str | None) -> "FaceClient":
    """Returns a client of a service, or of the app of the local server in this process.

    Both are the same code, so a photo gets the same answer either way.

    Args:
        url: address of the service; None for this process.
        api_key: for the service.

    Raises:
        Failure: the URL or the environment is not valid.
    """
    from face_embedding_client import FaceClient

    if url is None:
        return _connect_in_process()
    try:
        return FaceClient(url, api_key=api_key)
    except ValueError as error:
        raise Failure(f"--url: {error}.") from None


def _connect_in_process() -> "FaceClient":
    import httpx2 as httpx

    from face_embedding_client import FaceClient, RetryPolicy
    from functions.local.app import create

    settings = read_local_settings()
    if "log_level" in settings.model_fields_set:
        logging.basicConfig(level=settings.log_level)
    else:
        # What it would say is said by the error that the command reports.
        logging.disable()
    return FaceClient(
        "http://in-process",
        timeout_s=settings.request_budget_s + MARGIN_S,
        # Nobody else uses it: what fails now fails again.
        retries=RetryPolicy(retries=0),
        transport=httpx.ASGITransport(create(settings)),
    )


def read_local_settings(**variables: str | None) -> "Settings":
    """Reads the settings for work in this process or below it.

    Args:
        variables: set in the environment before, unless they are None.

    Raises:
        Failure: a setting is not valid.
    """
    from face_engine.model.catalog import read_catalog
    from face_service.settings import InvalidSetting, read_settings

    os.environ.update({name: value for name, value in variables.items() if value is not None})
    # The command works from any folder.
    if not os.environ.get("MODEL_DIR"):
        os.environ["MODEL_DIR"] = str(ROOT / "models")
    try:
        return read_settings(read_catalog().choices)
    except InvalidSetting as error:
        raise Failure(str(error)) from None
