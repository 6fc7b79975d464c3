"""Counts errors as CloudWatch metrics."""

import re
from collections import Counter
from http import HTTPStatus

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from face_contract.errors import ErrorCode

# How `error_handlers.envelope` begins. Parsing a body that is not an envelope would fail.
ENVELOPE = re.compile(r'\{"error":\{"code":"([A-Z_]+)"')


def write_error_metrics(
    status: int, body: str, photo_errors: Counter[ErrorCode], namespace: str, service: str
) -> None:
    """Prints errors in CloudWatch's embedded metric format; nothing if there are none.

    An answer that is an error counts 1 for its code, such as `INVALID_IMAGE`, and 1 for
    `ClientErrors` (4xx) or `ServerErrors` (5xx). Photos with an error in an answer of status 200
    have their own line with the dimension `part` = `photo`. Codes that do not occur cost nothing.

    Args:
        status: the answer's HTTP status.
        body: the answer's body.
        photo_errors: how many photos have which error.
        namespace: namespace of the metrics.
        service: the function's name, a dimension of all these metrics.
    """
    if status >= HTTPStatus.BAD_REQUEST:
        kind = "Server" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Client"
        code = ENVELOPE.match(body)
        counts = {f"{kind}Errors": 1} | ({code[1]: 1} if code else {})
        _write(counts, EphemeralMetrics(namespace=namespace, service=service))
    if photo_errors:
        metrics = EphemeralMetrics(namespace=namespace, service=service)
        metrics.add_dimension("part", "photo")
        _write({code.value: count for code, count in photo_errors.items()}, metrics)


def _write(counts: dict[str, int], metrics: EphemeralMetrics) -> None:
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.flush_metrics()
