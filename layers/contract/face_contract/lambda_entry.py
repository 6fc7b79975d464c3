"""What Lambda calls: warm-up pings are answered here, all else goes to the app."""

import itertools
import time
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths, utils
from aws_lambda_powertools.utilities.typing import LambdaContext
from fastapi import FastAPI
from mangum import Mangum
from mangum.types import LambdaContext as MangumContext
from starlette.types import ASGIApp, Receive, Scope, Send

from face_contract.errors import ServiceError
from face_contract.ping import INSTANCE_ID, MOST_HOLD_MS, is_ping

Event: TypeAlias = dict[str, Any]
LambdaHandler: TypeAlias = Callable[[Event, LambdaContext], dict[str, Any]]


class BehindStage:
    """Tells the app under which path the client sees it: documentation links to it.

    A REST API's event has the path without the stage, and the whole path in its context.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Puts the stage before the path, as ASGI wants it."""
        whole = scope["aws.event"]["requestContext"].get("path", scope["path"])
        root_path = whole.removesuffix(scope["path"])
        await self.app(
            {**scope, "root_path": root_path, "path": root_path + scope["path"]}, receive, send
        )


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
    utils.copy_config_to_registered_loggers(logger, include={"face_contract", "face_engine"})
    # Lambda freezes between requests: nothing may be left for a shutdown that never comes.
    serve = Mangum(BehindStage(app), lifespan="off")
    invocations = itertools.count()

    def answer_ping(event: Event, *, is_cold: bool) -> dict[str, Any]:
        reply = {"instance_id": INSTANCE_ID, "cold": is_cold}
        try:
            warm_up()
        except ServiceError as error:
            logger.error("%s: %s", error.code, error.message)
            return {"status": "failed", "code": error.code, **reply}
        time.sleep(min(max(event.get("hold_ms", 0), 0), MOST_HOLD_MS) / 1000)
        return {"status": "warm", **reply}

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        is_cold = next(invocations) == 0
        if is_ping(event):
            return answer_ping(event, is_cold=is_cold)
        # Mangum has a class of its own for what Lambda passes.
        return serve(event, cast("MangumContext", context))

    return handler
