"""The logs of a function on Lambda."""

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils


def configure_logging(service: str, level: str) -> Logger:
    """Returns the logger of a function; our own packages then log in its format.

    Args:
        service: name of the function in the logs.
        level: least severe lines to write.
    """
    # AWS_LAMBDA_LOG_LEVEL=DEBUG lowers the root logger's level. Libraries would then log the input:
    # Pillow EXIF values, botocore names of objects. Our own loggers have their own level.
    logging.getLogger().setLevel(logging.WARNING)
    logger = Logger(service=service, level=level)
    utils.copy_config_to_registered_loggers(
        logger, include={"face_contract", "face_engine", "face_service"}
    )
    return logger
