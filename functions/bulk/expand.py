"""Lambda entry of the function that divides a run into batches, a round at a time.

The workflow calls it before each round and once after the last: see `Progress`.
"""

import json
from collections.abc import Generator
from contextlib import closing
from itertools import islice
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from face_service.lambda_logging import configure_logging
from face_service.settings import read_settings
from functions.bulk.run_folder import batches_key, name_run, summary_key
from functions.bulk.schemas import Batch, Counts, Progress, Summary
from functions.bulk.settings import BulkSettings
from functions.bulk.sources import list_keys, read_manifest
from functions.bulk.storage import create_client, write_object

JSON_TYPE = "application/json"

settings = BulkSettings.read()
logger = configure_logging("expand", read_settings().log_level)
client = create_client()


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Writes the batches of the next round, or the summary after the last one.

    Returns:
        The workflow's next state.

    Raises:
        InvalidManifest: see `read_manifest`.
        StorageUnavailable, StorageRefused: see `storage_errors`.
    """
    before = Progress.model_validate(event)
    progress = write_round(before) or write_summary(before)
    logger.info(
        "listed",
        extra={
            "photos": progress.listed_photos,
            "batches": progress.listed_batches,
            "done": progress.done.model_dump(),
        },
    )
    return progress.model_dump()


def write_round(before: Progress) -> Progress | None:
    """Writes the batches of the next round; returns None if no photo is left."""
    with closing(list_photos(before)) as photos:
        keys = list(islice(photos, settings.batch_size * settings.batches_per_round))
    if not keys:
        return None
    run = name_of(before)
    batches = [
        Batch(
            run=run,
            index=before.listed_batches + number,
            keys=keys[start : start + settings.batch_size],
        ).model_dump()
        for number, start in enumerate(range(0, len(keys), settings.batch_size))
    ]
    target = batches_key(settings.results_prefix, run, before.listed_batches)
    write_json(target, batches)
    return before.model_copy(
        update={
            "run": run,
            "listed_photos": before.listed_photos + len(keys),
            "listed_batches": before.listed_batches + len(batches),
            "last_key": keys[-1],
            "outcomes": [],
            "done": add_up(before),
            "batches_key": target,
        }
    )


def write_summary(before: Progress) -> Progress:
    """Writes the summary, which marks the run as finished."""
    run, done = name_of(before), add_up(before)
    summary = Summary(batches=before.listed_batches, photos=before.listed_photos, done=done)
    write_json(summary_key(settings.results_prefix, run), summary.model_dump())
    return before.model_copy(
        update={"run": run, "outcomes": [], "done": done, "is_complete": True, "batches_key": ""}
    )


def list_photos(progress: Progress) -> Generator[str]:
    """Yields the keys of the photos that are not in a batch yet."""
    if progress.manifest is not None:
        listed = read_manifest(client, settings.results_bucket, progress.manifest)
        yield from islice(listed, progress.listed_photos, None)
        return
    # Results may be in the photos' bucket.
    own = settings.results_prefix if settings.results_bucket == settings.photos_bucket else None
    for key in list_keys(client, settings.photos_bucket, progress.prefix, progress.last_key):
        if own is None or not key.startswith(own):
            yield key


def name_of(progress: Progress) -> str:
    """Returns the run's name."""
    if progress.run is not None:
        return progress.run
    return name_run(settings.photos_bucket, progress.prefix, progress.manifest, settings.batch_size)


def add_up(progress: Progress) -> Counts:
    """Adds the counts of the last round to those before it. A failed batch returned none."""
    done = progress.done
    for outcome in progress.outcomes:
        try:
            done = done.plus(Counts.model_validate(outcome))
        except ValidationError:
            logger.warning("A batch failed.")
    return done


def write_json(key: str, content: object) -> None:
    """Writes a JSON object of the run."""
    data = json.dumps(content, separators=(",", ":")).encode()
    write_object(client, settings.results_bucket, key, data, JSON_TYPE)
