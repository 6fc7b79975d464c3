"""What Lambda calls: warm-up pings are answered here, all else goes to the app."""

import time
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths, utils
from aws_lambda_powertools.utilities.typing import LambdaContext
from fastapi import FastAPI
from mangum import Mangum
from mangum.types import LambdaContext as MangumContext

Event: TypeAlias = dict[str, Any]
LambdaHandler: TypeAlias = Callable[[Event, LambdaContext], dict[str, Any]]

PING_SOURCE = "warm-up"
MOST_HOLD_MS = 1000
# One for each execution environment: by these a warm-up counts how many it reached.
INSTANCE_ID = uuid.uuid4().hex


def is_ping(event: Event) -> bool:
    """Tells a warm-up ping from a request; API Gateway's events always have a context of theirs."""
    return event.get("source") == PING_SOURCE and "requestContext" not in event


def create_handler(
    app: FastAPI, service: str, log_level: str, warm_up: Callable[[], object]
) -> LambdaHandler:
    """Builds the handler of a function.

    Args:
        app: answers requests.
        service: names the function in the logs.
        log_level: least severe lines to write.
        warm_up: does what a first request would wait for.
    """
    logger = Logger(service=service, level=log_level)
    utils.copy_config_to_registered_loggers(
        logger, include={"face_contract", "face_engine"}, ignore_log_level=True
    )
    # Lambda freezes between requests: nothing may be left for a shutdown that never comes.
    serve = Mangum(app, lifespan="off")

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        if is_ping(event):
            warm_up()
            # Held for a moment, so that pings sent together reach as many instances.
            hold_ms = event.get("hold_ms", 0)
            time.sleep(min(max(hold_ms, 0), MOST_HOLD_MS) / 1000)
            return {"status": "warm", "instance_id": INSTANCE_ID}
        # Mangum has a class of its own for what Lambda passes.
        return serve(event, cast("MangumContext", context))

    return handler
