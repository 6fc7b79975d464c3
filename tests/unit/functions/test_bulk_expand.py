"""The division of a bucket, or of a manifest, into batches."""

import csv
import importlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.bulk.schemas import Batch, Counts, Progress, Summary
from functions.bulk.sources import InvalidManifest, read_manifest
from functions.bulk.storage import StorageRefused
from tests.conftest import Context
from tests.support.cloud import mocked_bucket

BUCKET, PREFIX = "photos", "embeddings/"
MODULE = "functions.bulk.expand"
# S3 allows any of them, and XML some of them only in escapes, which moto does not write.
KEYS = st.lists(
    st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30), unique=True
)
Expand = Callable[..., ModuleType]


@pytest.fixture
def s3() -> Iterator[Any]:
    """S3 with one bucket, for photos and results."""
    with mocked_bucket(BUCKET) as client:
        yield client


@pytest.fixture
def make_expand(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Expand]:
    """Imports the function with other settings."""
    assert s3

    def make(batch_size: int, batches_per_round: int) -> ModuleType:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("PHOTOS_BUCKET", BUCKET)
        monkeypatch.setenv("RESULTS_BUCKET", BUCKET)
        monkeypatch.setenv("RESULTS_PREFIX", PREFIX)
        monkeypatch.setenv("BATCH_SIZE", str(batch_size))
        monkeypatch.setenv("BATCHES_PER_ROUND", str(batches_per_round))
        forget()
        return importlib.import_module(MODULE)

    yield make
    forget()


def forget() -> None:
    if (module := sys.modules.pop(MODULE, None)) is not None:
        module.client.close()


def run(expand: ModuleType, s3: Any, **source: object) -> tuple[list[Batch], Progress]:
    """Does what the workflow does; every batch finds one face in each photo."""
    state: dict[str, Any] = dict(source)
    batches: list[Batch] = []
    while not (state := expand.handler(state, Context()))["is_complete"]:
        listed = json.loads(s3.get_object(Bucket=BUCKET, Key=state["batches_key"])["Body"].read())
        some = [Batch.model_validate(batch) for batch in listed]
        assert some
        batches += some
        counts = [Counts(batches=1, photos=len(b.keys), faces=len(b.keys)) for b in some]
        state["outcomes"] = [count.model_dump() for count in counts]
    return batches, Progress.model_validate(state)


def test_every_photo_under_the_prefix_is_in_one_batch(
    s3: Any, make_expand: Expand, monkeypatch: pytest.MonkeyPatch
) -> None:
    # S3 lists 1,000 on a page.
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    keys = [f"people/{number:04d}.jpg" for number in range(103)]
    for key in [*keys, "people/", "people/folder/", "others/1.jpg"]:
        s3.put_object(Bucket=BUCKET, Key=key)
    assert s3.list_objects_v2(Bucket=BUCKET)["IsTruncated"]
    for batch_size, batches_per_round in ((5, 2000), (3, 30)):
        expand = make_expand(batch_size, batches_per_round)
        batches, end = run(expand, s3, prefix="people/")
        assert [key for batch in batches for key in batch.keys] == keys
        assert [batch.index for batch in batches] == list(range(len(batches)))
        assert {len(batch.keys) for batch in batches[:-1]} == {batch_size}
        assert {batch.run for batch in batches} == {end.run}
        assert end.done == Counts(batches=len(batches), photos=len(keys), faces=len(keys))
        summary = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}{end.run}/summary.json")["Body"].read()
        expected = Summary(batches=len(batches), photos=len(keys), done=end.done)
        assert Summary.model_validate_json(summary) == expected
        assert run(expand, s3, prefix="people/") == (batches, end)


def test_results_are_no_photos(s3: Any, make_expand: Expand) -> None:
    for key in ("a.jpg", f"{PREFIX}old/results/00000000.jsonl", "z.jpg"):
        s3.put_object(Bucket=BUCKET, Key=key)
    batches, _ = run(make_expand(1, 1), s3)
    assert [batch.keys for batch in batches] == [["a.jpg"], ["z.jpg"]]


def test_another_source_or_division_is_another_run(s3: Any, make_expand: Expand) -> None:
    names = [run(make_expand(size, 1), s3, prefix=p)[1].run for size in (1, 2) for p in ("a", "b")]
    assert len(set(names)) == 4
    assert run(make_expand(1, 1), s3, run="mine")[1].run == "mine"


def test_a_failed_batch_has_no_counts(make_expand: Expand) -> None:
    progress = make_expand(1, 1).handler({"outcomes": [None, {"Error": "x"}]}, Context())
    assert progress["done"] == Counts().model_dump()


def write_csv(keys: list[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([("size", "key"), *((1, key) for key in keys)])
    return text.getvalue().encode()


FORMS: dict[str, Callable[[list[str]], bytes]] = {
    "list.csv": write_csv,
    "with-mark.csv": lambda keys: b"\xef\xbb\xbf" + write_csv(keys),
    "keys.json": lambda keys: json.dumps(keys).encode(),
    "objects.json": lambda keys: json.dumps([{"key": key, "size": 1} for key in keys]).encode(),
}


@pytest.mark.parametrize("name", FORMS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(keys=KEYS)
def test_a_manifest_lists_its_keys(s3: Any, name: str, keys: list[str]) -> None:
    s3.put_object(Bucket=BUCKET, Key=name, Body=FORMS[name](keys))
    assert list(read_manifest(s3, BUCKET, name)) == keys


def test_a_manifest_is_divided_in_rounds(s3: Any, make_expand: Expand) -> None:
    keys = [f"{number}.jpg" for number in range(23)]
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}list.csv", Body=write_csv(keys))
    batches, end = run(make_expand(3, 2), s3, manifest=f"{PREFIX}list.csv")
    assert [key for batch in batches for key in batch.keys] == keys
    assert end.listed_photos == len(keys)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.csv", b""),
        ("list.csv", b"c4n4ry\nc4n4ry\n"),
        ("list.csv", b"key\n\xff\n"),
        ("list.csv", b'key\n"c4n4ry\n'),
        ("list.csv", b"key,x\n,c4n4ry\n"),
        ("list.json", b"[c4n4ry]"),
        ("list.json", b'{"key": "c4n4ry"}'),
        ("list.json", b'[["c4n4ry"]]'),
        ("list.json", b'[{"name": "c4n4ry"}]'),
        ("list.json", b"[\xff]"),
        ("list.txt", b"c4n4ry"),
    ],
)
def test_what_is_no_manifest_is_refused_without_quoting_it(
    s3: Any, name: str, content: bytes
) -> None:
    s3.put_object(Bucket=BUCKET, Key=name, Body=content)
    with pytest.raises(InvalidManifest) as caught:
        list(read_manifest(s3, BUCKET, name))
    assert "c4n4ry" not in str(caught.value)


def test_a_manifest_that_is_not_there_is_refused(s3: Any) -> None:
    with pytest.raises(StorageRefused, match="NoSuchKey"):
        list(read_manifest(s3, BUCKET, "list.csv"))


def test_no_error_quotes_the_keys_of_a_batch() -> None:
    with pytest.raises(ValueError, match="run") as caught:
        Batch.model_validate({"run": "c4n4ry/", "index": 0, "keys": ["c4n4ry"]})
    assert "c4n4ry" not in str(caught.value)
