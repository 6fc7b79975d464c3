"""Runs that are not complete; tests/e2e/test_bulk.py collects one that is."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.bulk.run_folder import result_key, summary_key
from functions.bulk.schemas import Counts, ErrorLine, Line, Summary
from tests.support.cloud import mocked_bucket
from tools.collect import Unfinished, read_run

BUCKET, PREFIX, RUN = "results", "embeddings/", "run"
BATCHES = 40
LINE = ErrorLine(key="a.jpg", code="INVALID_IMAGE")


@pytest.fixture
def s3() -> Iterator[Any]:
    with mocked_bucket(BUCKET) as client:
        yield client


def write(s3: Any, *indexes: int) -> None:
    data = LINE.model_dump_json().encode() + b"\n"
    for index in indexes:
        s3.put_object(Bucket=BUCKET, Key=result_key(PREFIX, RUN, index), Body=data)


def finish(s3: Any) -> None:
    summary = Summary(batches=BATCHES, photos=BATCHES, done=Counts())
    key = summary_key(PREFIX, RUN)
    s3.put_object(Bucket=BUCKET, Key=key, Body=summary.model_dump_json().encode())


def test_a_run_that_goes_on_is_refused(s3: Any) -> None:
    write(s3, *range(BATCHES))
    with pytest.raises(Unfinished, match="s3://results/embeddings/run has no summary"):
        list(read_run(s3, BUCKET, PREFIX, RUN))


def test_a_failed_batch_is_missed_after_the_others(s3: Any) -> None:
    write(s3, *(index for index in range(BATCHES) if index not in {0, 17, BATCHES - 1}))
    finish(s3)
    lines: list[Line] = []
    with pytest.raises(Unfinished, match="3 batches"):
        lines.extend(read_run(s3, BUCKET, PREFIX, RUN))
    assert lines == [LINE] * (BATCHES - 3)


def test_what_an_earlier_larger_run_left_is_not_read(s3: Any) -> None:
    write(s3, *range(BATCHES + 2))
    finish(s3)
    assert len(list(read_run(s3, BUCKET, PREFIX, RUN))) == BATCHES
