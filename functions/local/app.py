"""Both functions in one app, with one OpenAPI document and the playground."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from face_contract.errors import ModelUnavailable
from face_engine.memory import SERVER_KEEPS_BYTES, configure_malloc
from face_engine.model.catalog import Catalog, read_catalog
from face_service.app import Cors, create_app
from face_service.error_handlers import envelope
from face_service.settings import Settings, read_settings
from functions.compare.app import build_router as build_compare_router
from functions.extract.app import build_router as build_extract_router
from functions.extract.loader import create_loader
from functions.local.legacy import LegacyPaths
from functions.local.playground import add_playground
from functions.local.protocol import AbsoluteForm

logger = logging.getLogger(__name__)


def create(settings: Settings | None = None, catalog: Catalog | None = None) -> FastAPI:
    """Builds the local server's app, which loads the model when it starts.

    Args:
        settings: read from the environment when None, as when uvicorn calls this.
        catalog: the project's own when None.
    """
    configure_malloc(SERVER_KEEPS_BYTES)
    catalog = read_catalog() if catalog is None else catalog
    settings = read_settings(catalog.choices) if settings is None else settings
    loader = create_loader(settings, catalog)

    @asynccontextmanager
    async def load_model(_app: FastAPI) -> AsyncIterator[None]:
        try:
            loader.load()
        except ModelUnavailable as error:
            # The server stays up: it answers 503 until the files are there.
            logger.error("%s", error.message)
        yield

    routers = [build_extract_router(loader, settings), build_compare_router(settings)]
    app = create_app("Face embeddings", routers, settings, docs=True, lifespan=load_model)
    add_playground(app)
    if settings.legacy_url:
        app.add_middleware(
            LegacyPaths,
            routes=app.routes,
            url=settings.legacy_url,
            timeout_s=settings.request_budget_s,
            # Outside of the app, so outside of its CORS.
            answer_error=lambda error: Cors(envelope(error), settings),
        )
    app.add_middleware(AbsoluteForm)
    return app
