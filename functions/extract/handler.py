"""Lambda entry of the extract function: loads the model in the init phase, on purpose."""

import logging

from face_contract.errors import ModelUnavailable
from face_contract.lambda_entry import create_handler
from face_contract.settings import read_settings
from face_engine.loading import ModelLoader
from functions.extract.app import create

settings = read_settings()
loader = ModelLoader(settings.face_model, settings.model_dir)
try:
    loader.load()
except ModelUnavailable as error:
    # A failed init would be a 502 of API Gateway's; so requests answer 503 in our envelope.
    logging.getLogger("face_engine").error("%s", error.message)

handler = create_handler(create(loader, settings), "extract", settings.log_level, loader.warm_up)
