"""Turns the results of a run over a bucket into CSV files for PostgreSQL's COPY.

python -m tools.collect s3://BUCKET/PREFIX/RUN --into faces.csv --others others.csv

`faces.csv` has a row per face, whose `embedding` is text that pgvector's type vector(512) reads.
`others.csv` has a row per photo without one. Both are UTF-8 with a header and hold biometric data.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import TypeAdapter
from tqdm import tqdm

from face_contract.vectors import decode_vector
from functions.bulk.run_folder import result_key, summary_key
from functions.bulk.schemas import FaceLine, Line, Summary
from functions.bulk.storage import Client
from functions.extract.embeddings import to_numbers

FACE_COLUMNS = (
    *("key", "face_index", "face_count", "model", "x", "y", "w", "h", "confidence"),
    *("face_px", "sharpness", "roll_degrees", "yaw_degrees", "warnings", "embedding"),
)
OTHER_COLUMNS = ("key", "outcome", "code")
THREADS = 16
LINES: TypeAdapter[Line] = TypeAdapter(Line)


class Unfinished(Exception):
    """The run has no summary, or lacks the results of batches; the message says what to do."""


def read_run(client: Client, bucket: str, prefix: str, run: str) -> Iterator[Line]:
    """Yields the lines of a finished run, in the order of its batches.

    Args:
        client: boto3's client of S3.
        bucket: of the results.
        prefix: of the results; it ends with a slash, or is empty.
        run: the run's name.

    Raises:
        Unfinished: the workflow did not come to its end, or batches failed.
    """

    def read(key: str) -> bytes | None:
        try:
            data: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None
        return data

    found = read(summary_key(prefix, run))
    if found is None:
        raise Unfinished(f"s3://{bucket}/{prefix}{run} has no summary: the run is not finished.")
    summary = Summary.model_validate_json(found)
    indexes = range(summary.batches)
    missing = 0
    with (
        ThreadPoolExecutor(THREADS) as threads,
        tqdm(total=summary.batches, unit="batch", disable=None) as bar,
    ):
        # A few at a time: only their results are in memory.
        for start in indexes[::THREADS]:
            some = indexes[start : start + THREADS]
            for data in threads.map(read, [result_key(prefix, run, index) for index in some]):
                bar.update()
                if data is None:
                    missing += 1
                else:
                    yield from map(LINES.validate_json, data.splitlines())
    if missing:
        raise Unfinished(f"{missing} batches have no result: start the same run again.")


def keep_first(lines: Iterator[Line]) -> Iterator[Line]:
    """Leaves out the lines of photos that the manifest lists again, and were embedded again."""
    seen: set[bytes] = set()
    is_again = False
    for line in lines:
        is_first_of_photo = not isinstance(line, FaceLine) or line.index == 0
        if is_first_of_photo:
            # Keys have up to 1,024 characters, and there may be millions.
            digest = hashlib.blake2b(line.key.encode(), digest_size=16).digest()
            is_again = digest in seen
            seen.add(digest)
        if not is_again:
            yield line


def write_csv(lines: Iterator[Line], faces: TextIO, others: TextIO) -> tuple[int, int]:
    """Writes the lines to two CSV files; returns how many faces and others there are."""
    face_rows, other_rows = (csv.writer(file, lineterminator="\n") for file in (faces, others))
    face_rows.writerow(FACE_COLUMNS)
    other_rows.writerow(OTHER_COLUMNS)
    counts = [0, 0]
    for line in lines:
        if isinstance(line, FaceLine):
            face_rows.writerow(_face_row(line))
            counts[0] += 1
        else:
            other_rows.writerow((line.key, line.outcome, getattr(line, "code", None)))
            counts[1] += 1
    return counts[0], counts[1]


def _face_row(line: FaceLine) -> tuple[object, ...]:
    box, quality = line.box, line.quality
    vector = np.array(decode_vector(line.embedding, "embedding"), np.float32)
    return (
        *(line.key, line.index, line.face_count, line.model, box.x, box.y, box.w, box.h),
        *(line.confidence, quality.face_px, quality.sharpness, quality.roll_degrees),
        # COPY reads an empty field as NULL.
        *(quality.yaw_degrees, " ".join(line.warnings)),
        # Nine digits: exactly the same float32.
        json.dumps(to_numbers(vector), separators=(",", ":")),
    )


def main() -> None:
    """Writes the files; exits with 1 if the run is not complete."""
    parser = argparse.ArgumentParser(description="Collects the results of a run as CSV files.")
    parser.add_argument("run", help="s3://BUCKET/PREFIX/RUN, as embed-bucket prints it")
    parser.add_argument("--into", type=Path, required=True, help="CSV of the faces")
    parser.add_argument("--others", type=Path, required=True, help="CSV of photos without a face")
    arguments = parser.parse_args()
    bucket, _, path = arguments.run.removeprefix("s3://").rstrip("/").partition("/")
    folder, slash, run = path.rpartition("/")
    client = boto3.client("s3", config=Config(max_pool_connections=THREADS))
    with (
        arguments.into.open("w", encoding="utf-8", newline="") as faces,
        arguments.others.open("w", encoding="utf-8", newline="") as others,
    ):
        try:
            lines = keep_first(read_run(client, bucket, folder + slash, run))
            counts = write_csv(lines, faces, others)
        except (Unfinished, ClientError) as error:
            sys.exit(str(error))
        finally:
            client.close()
    print(f"{counts[0]} faces, {counts[1]} photos without one")


if __name__ == "__main__":
    main()
