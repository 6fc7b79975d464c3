"""Runs that are not complete or list photos twice; tests/e2e/test_bulk.py collects another."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_contract.scan_schemas import FaceQuality
from face_contract.schemas import FacialArea
from functions.bulk.run_folder import result_key, summary_key
from functions.bulk.schemas import Counts, ErrorLine, FaceLine, Line, Summary
from tests.support.cloud import mocked_bucket
from tools.collect import Unfinished, keep_first, read_run

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


def photo(key: str, faces: int) -> list[Line]:
    """The lines of a photo."""
    quality = FaceQuality(face_px=80, sharpness=99, roll_degrees=0, yaw_degrees=0)
    return [
        FaceLine(
            key=key,
            index=index,
            face_count=faces,
            model="m",
            box=FacialArea(x=index, y=0, w=80, h=80),
            confidence=0.9,
            quality=quality,
            warnings=[],
            embedding="",
        )
        for index in range(faces)
    ] or [ErrorLine(key=key, code="INVALID_IMAGE")]


@given(st.lists(st.integers(0, 9), max_size=30))
def test_a_photo_that_was_listed_again_has_one_outcome(listed: list[int]) -> None:
    # Photo n has n % 4 faces.
    embedded = [line for n in listed for line in photo(str(n), n % 4)]
    once = [line for n in dict.fromkeys(listed) for line in photo(str(n), n % 4)]
    assert list(keep_first(iter(embedded))) == once
