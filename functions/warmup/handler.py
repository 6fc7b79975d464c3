"""Lambda entry of the scheduled warm-up function. The layer holds face_contract."""

from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field, field_validator

from face_contract.environment import EnvironmentSettings
from face_warmup.alias_versions import read_versions
from face_warmup.warm_up import Outcome, Report, warm_up


class WarmUpSettings(EnvironmentSettings):
    """The functions to keep warm, as set in template.yaml."""

    targets: tuple[str, ...] = Field(min_length=1)
    warm_instances: int = Field(ge=1)

    @field_validator("targets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split(",")) if isinstance(value, str) else value


class WarmUpFailed(Exception):
    """Too few instances answered, or an alias could not be read. Triggers the alarm."""


settings = WarmUpSettings.read()
logger = Logger(service="warm-up")
client = boto3.client(
    "lambda",
    config=Config(
        # A retry would be an extra ping. A cold start is expected to be slow.
        retries={"total_max_attempts": 1},
        # One per concurrent ping. During a deployment each alias has two versions.
        max_pool_connections=2 * settings.warm_instances * len(settings.targets),
        connect_timeout=5,
        read_timeout=40,
    ),
)
# Reading an alias, unlike a ping, may be retried.
alias_client = boto3.client(
    "lambda",
    config=Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=5
    ),
)


@logger.inject_lambda_context
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Warms every version that receives traffic, and writes metrics.

    Raises:
        WarmUpFailed: a version has too few warm instances, or an alias could not be read.
    """
    versions: list[str] = []
    unreadable: list[str] = []
    for alias in settings.targets:
        try:
            versions += read_versions(alias_client, alias)
        except (ClientError, BotoCoreError):
            logger.exception("cannot read the versions of %s", alias)
            unreadable.append(alias)
    # If an alias cannot be read, ping the alias itself: Lambda then picks the version.
    reports = warm_up(client, versions + unreadable, settings.warm_instances)
    for report in reports:
        emit_metrics(report)
    summary = {report.name: report.counts for report in reports}
    if unreadable or any(report.distinct < report.wanted for report in reports):
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
