"""The Lambda handler: answers warm-up pings, and passes HTTP requests to the app."""

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias, cast

# Comes before FastAPI.
import face_service.short_import  # noqa: F401  # isort: skip
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from fastapi import FastAPI
from mangum import Mangum
from mangum.types import ASGI
from mangum.types import LambdaContext as MangumContext
from starlette.types import Receive, Scope, Send

from face_contract.errors import ErrorCode, ServiceError
from face_contract.ping import INSTANCE_ID, hold_s, is_ping
from face_contract.stages import StageTimes
from face_service.error_metrics import write_error_metrics
from face_service.gateway_request import HttpApiRequest, RestApiRequest, as_dict
from face_service.lambda_logging import configure_logging
from face_service.settings import Settings
from face_service.stage_metrics import write_stage_metrics

Event: TypeAlias = dict[str, Any]
LambdaHandler: TypeAlias = Callable[[Event, LambdaContext], dict[str, Any]]


def create_handler(
    app: FastAPI, service: str, settings: Settings, warm_up: Callable[[], object]
) -> LambdaHandler:
    """Builds the handler of a function.

    Args:
        app: answers HTTP requests.
        service: name of the function in the logs and metrics.
        settings: log level and metrics.
        warm_up: does the work that a first request would wait for.
    """
    # It would log paths and traces.
    logging.getLogger("mangum").setLevel(logging.CRITICAL)
    logger = configure_logging(service, settings.log_level)
    invocations = itertools.count()

    def answer_ping(event: Event, *, is_cold: bool) -> dict[str, Any]:
        reply = {"instance_id": INSTANCE_ID, "cold": is_cold}
        try:
            warm_up()
        except ServiceError as error:
            logger.error("%s: %s", error.code, error.message)
            return {"status": "failed", "code": error.code, **reply}
        time.sleep(hold_s(event))
        return {"status": "warm", **reply}

    # Without log_event, POWERTOOLS_LOGGER_LOG_EVENT=true would log events, including photos.
    @logger.inject_lambda_context(
        log_event=False, correlation_id_path=correlation_paths.API_GATEWAY_REST
    )
    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        is_cold = next(invocations) == 0
        event = as_dict(event)
        if is_ping(event):
            return answer_ping(event, is_cold=is_cold)
        if "requestContext" not in event:
            logger.warning("The event is neither a ping nor an HTTP request.")
        stages = StageTimes()
        photo_errors: Counter[ErrorCode] = Counter()
        # No lifespan: Lambda may freeze or end an instance without ever shutting the app down.
        serve = Mangum(
            _with_state(app, {"stages": stages, "photo_errors": photo_errors}),
            lifespan="off",
            custom_handlers=[HttpApiRequest, RestApiRequest],
        )
        # Mangum has its own type for the context.
        answer = serve(event, cast("MangumContext", context))
        namespace = settings.powertools_metrics_namespace
        write_stage_metrics(stages, namespace, service, is_cold=is_cold)
        write_error_metrics(answer["statusCode"], answer["body"], photo_errors, namespace, service)
        return answer

    return handler


def _with_state(app: FastAPI, state: dict[str, object]) -> ASGI:
    """Returns the app with measurements in the state of its request."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": state}, receive, send)

    return serve
