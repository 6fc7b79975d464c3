"""Writes the times of an extraction's stages as CloudWatch metrics."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from face_contract.stages import Stage, StageTimes


def write_stage_metrics(stages: StageTimes, namespace: str, service: str, *, is_cold: bool) -> None:
    """Prints one line in CloudWatch's embedded metric format: `Parse` etc. and `ColdStart`.

    The line has the stages that succeeded. Nothing is printed for requests that are no extraction
    or do not fit the schema.

    Args:
        stages: the request's times.
        namespace: namespace of the metrics.
        service: the function's name, the metrics' only dimension.
        is_cold: whether this was the first invocation of its instance.
    """
    spent_ms = stages.spent_ms
    # Only an extraction ends this stage.
    if Stage.PARSE not in spent_ms:
        return
    metrics = EphemeralMetrics(namespace=namespace, service=service)
    for stage, milliseconds in spent_ms.items():
        metrics.add_metric(stage.capitalize(), MetricUnit.Milliseconds, round(milliseconds, 3))
    metrics.add_metric("ColdStart", MetricUnit.Count, int(is_cold))
    metrics.flush_metrics()
