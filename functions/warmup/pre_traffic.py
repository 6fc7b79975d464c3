"""Lambda entries of the CodeDeploy hooks that warm and check a version before it gets traffic.

CodeDeploy waits for the hook's report. A hook that never reports blocks the deployment for an hour,
so any failure must be reported as "Failed".
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from pydantic import Field

from face_contract.environment import EnvironmentSettings
from face_warmup.known_answers import Event, Send, WrongAnswer, check_comparison, check_extraction
from face_warmup.warm_up import LambdaClient, warm_up

FOLDER = Path(__file__).parent
# Reserved for the report: three attempts of up to 15 s each, and the pauses between them.
REPORT_TIME_S = 60

logger = Logger(service="pre-traffic")
codedeploy = boto3.client(
    "codedeploy",
    config=Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=10
    ),
)


class HookSettings(EnvironmentSettings):
    """What to check, as set in template.yaml."""

    new_version: str = Field(min_length=1, description="ARN of the version.")
    warm_instances: int = Field(ge=1)
    expected_model: str = Field("", description="Model, detector and alignment of extract.")


class TooFewInstances(Exception):
    """Too few instances of the new version became warm."""


Check: TypeAlias = Callable[[Send, HookSettings], None]


@logger.inject_lambda_context
def extract_handler(event: Event, context: LambdaContext) -> dict[str, str]:
    """Reports whether a new version of the extract function embeds a portrait correctly."""
    return report(event, context, _check_extract)


@logger.inject_lambda_context
def compare_handler(event: Event, context: LambdaContext) -> dict[str, str]:
    """Reports whether a new version of the compare function computes known distances."""
    return report(event, context, _check_compare)


def _check_extract(send: Send, settings: HookSettings) -> None:
    check_extraction(send, _read_event("extract-embedding"), settings.expected_model)


def _check_compare(send: Send, _settings: HookSettings) -> None:
    check_comparison(send, _read_event("compare-faces"))


def _read_event(name: str) -> Event:
    event: Event = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return event


def report(event: Event, context: LambdaContext, check: Check) -> dict[str, str]:
    """Warms and checks the new version, and reports the outcome to CodeDeploy.

    Raises:
        ClientError, BotoCoreError: the report failed. Lambda then retries the invocation.
    """
    status = "Failed"
    time_s = context.get_remaining_time_in_millis() / 1000 - REPORT_TIME_S
    # A `with` block would wait for a check that has exceeded its time.
    threads = ThreadPoolExecutor(1)
    try:
        threads.submit(_warm_and_check, check).result(max(time_s, 0))
        status = "Succeeded"
    # The last resort: every failure must reach CodeDeploy.
    except Exception:
        logger.exception("rejected the new version")
    threads.shutdown(wait=False)
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,
    )
    return {"status": status}


def _warm_and_check(check: Check) -> None:
    settings = HookSettings.read()
    config = Config(
        # A retry would be an extra ping.
        retries={"total_max_attempts": 1},
        max_pool_connections=settings.warm_instances,
        connect_timeout=5,
        # The longest ExtractTimeout plus a slow init.
        read_timeout=75,
    )
    with closing(boto3.client("lambda", config=config)) as client:
        (warmed,) = warm_up(client, [settings.new_version], settings.warm_instances)
        logger.info("warmed", extra={"version": warmed.name, "instances": warmed.counts})
        if warmed.distinct < warmed.wanted:
            raise TooFewInstances(
                f"wanted {warmed.wanted} instances of {warmed.name}: {warmed.counts}"
            )
        check(lambda event: _invoke(client, settings.new_version, event), settings)


def _invoke(client: LambdaClient, version: str, event: Event) -> object:
    answer = client.invoke(FunctionName=version, Payload=json.dumps(event).encode())
    # Read before any error is raised: an unread response keeps its connection open.
    payload = answer["Payload"].read()
    if "FunctionError" in answer:
        raise WrongAnswer("the function failed")
    reply: object = json.loads(payload)
    return reply
