"""Lambda entry of the warm-up function: a zip on a schedule. The layer brings face_contract."""

from typing import Annotated, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from face_contract.warm_up import Outcome, Report, warm_up


class WarmUpSettings(BaseSettings):
    """Whom to keep warm; the template sets it."""

    model_config = SettingsConfigDict(frozen=True)

    targets: Annotated[tuple[str, ...], NoDecode] = Field(min_length=1)
    warm_instances: int = Field(ge=1)

    @field_validator("targets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) else value


class WarmUpFailed(Exception):
    """Fewer instances answered than wanted: the function's error metric and its alarm tell."""


settings = WarmUpSettings()
logger = Logger(service="warm-up")
client = boto3.client(
    "lambda",
    config=Config(
        # A retried ping is an extra one, and a cold start is slow by right.
        retries={"total_max_attempts": 1},
        # The default of 10 would send the pings one after another.
        max_pool_connections=settings.warm_instances * len(settings.targets),
        connect_timeout=5,
        read_timeout=40,
    ),
)


@logger.inject_lambda_context
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Pings the instances, tells in metrics whom it reached, and fails if they are too few."""
    reports = warm_up(client, settings.targets, settings.warm_instances)
    for report in reports:
        emit_metrics(report)
    summary = {
        report.function: {"distinct": report.distinct, **report.outcomes} for report in reports
    }
    if any(report.distinct < report.wanted for report in reports):
        raise WarmUpFailed(f"wanted {settings.warm_instances} instances each: {summary}")
    logger.info("warm", extra={"functions": summary})
    return summary


def emit_metrics(report: Report) -> None:
    """Writes a report in CloudWatch's embedded metric format."""
    metrics = EphemeralMetrics()
    metrics.add_dimension("target", report.function)
    counts = {
        "Warm": report.outcomes[Outcome.WARM],
        "Cold": report.outcomes[Outcome.COLD],
        "Throttled": report.outcomes[Outcome.THROTTLED],
        "Failed": report.failed,
        "Distinct": report.distinct,
    }
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.flush_metrics()
