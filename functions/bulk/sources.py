"""The keys of the photos to embed: those under a prefix, or those that a manifest lists.

A manifest is a CSV file whose header has a column `key`, or a JSON file that is an array of keys or
of objects with a `key`. Its own key ends with `.csv` or `.json`.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import closing
from io import TextIOWrapper
from typing import Any

from functions.bulk.storage import Client, storage_errors

KEY = "key"


class InvalidManifest(Exception):
    """The manifest is no list of keys. The message quotes none of it."""


def list_keys(client: Client, bucket: str, prefix: str, last_key: str) -> Iterator[str]:
    """Yields the keys under a prefix that come after `last_key`, in S3's order.

    Raises:
        StorageUnavailable, StorageRefused: see `storage_errors`.
    """
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, StartAfter=last_key
    )
    with storage_errors():
        for page in pages:
            for entry in page.get("Contents", ()):
                # S3's console makes such empty objects and shows them as folders.
                if not entry["Key"].endswith("/"):
                    yield entry["Key"]


def read_manifest(client: Client, bucket: str, manifest: str) -> Iterator[str]:
    """Yields the keys that a manifest lists, in its order. A CSV file is never held as a whole.

    Raises:
        InvalidManifest: it is neither a CSV nor a JSON file as described above.
        StorageUnavailable, StorageRefused: see `storage_errors`.
    """
    with (
        storage_errors(),
        closing(client.get_object(Bucket=bucket, Key=manifest)["Body"]) as body,
    ):
        if manifest.endswith(".csv"):
            yield from _read_csv(body)
        elif manifest.endswith(".json"):
            yield from _read_json(body)
        else:
            raise InvalidManifest("The key of a manifest ends with .csv or .json.")


def _read_csv(body: Any) -> Iterator[str]:
    try:
        # Spreadsheets write a byte order mark.
        rows = csv.DictReader(TextIOWrapper(body, "utf-8-sig", newline=""), strict=True)
        if KEY not in (rows.fieldnames or ()):
            raise InvalidManifest("The header of the CSV manifest has no column `key`.")
        for number, row in enumerate(rows, start=1):
            yield _check(row[KEY], number)
    except (csv.Error, UnicodeDecodeError):
        raise InvalidManifest("The manifest is not a CSV file in UTF-8.") from None


def _read_json(body: Any) -> Iterator[str]:
    try:
        items = json.load(body)
    except ValueError:
        raise InvalidManifest("The manifest is not a JSON file in UTF-8.") from None
    if not isinstance(items, list):
        raise InvalidManifest("The JSON manifest is not an array.")
    for number, item in enumerate(items, start=1):
        yield _check(item.get(KEY) if isinstance(item, dict) else item, number)


def _check(key: object, number: int) -> str:
    if not isinstance(key, str) or not key:
        raise InvalidManifest(f"Entry {number} of the manifest has no key.")
    return key
