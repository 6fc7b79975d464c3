"""Lambda entry of the extract function. It loads the model during init, on purpose."""

import gc
import logging
import threading

from face_engine.inference import native_libraries

# What is imported stays. To look for garbage among it meanwhile takes 5 % of a cold start.
gc.disable()
native_libraries.start_loading()

from face_contract.errors import ModelUnavailable  # noqa: E402
from face_engine.memory import FUNCTION_KEEPS_BYTES, configure_malloc  # noqa: E402
from face_engine.model.catalog import read_catalog  # noqa: E402
from face_service.settings import read_settings  # noqa: E402
from functions.extract.loader import create_loader  # noqa: E402


def load_model() -> None:
    """Loads the model; logs a failure, which each request then reports to its client."""
    try:
        loader.load()
    except ModelUnavailable as error:
        # If init failed, API Gateway would answer 502; this way requests get 503 in the envelope.
        logging.getLogger("face_engine").error("%s", error.message)


configure_malloc(FUNCTION_KEEPS_BYTES)
catalog = read_catalog()
settings = read_settings(catalog.choices)
loader = create_loader(settings, catalog)
# In parallel with the import of FastAPI, which takes longer.
loading = threading.Thread(target=load_model)
loading.start()

from face_service.lambda_entry import create_handler  # noqa: E402
from functions.extract.app import create  # noqa: E402

app = create(loader, settings)
loading.join()
handler = create_handler(app, "extract", settings, loader.warm_up)
gc.enable()
# Nor is it looked at later.
gc.freeze()
