"""A whole bucket, as the template's workflow embeds it: faults on the way, and a second run."""

import base64
import io
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from face_engine.extractor import Extractor
from face_engine.photo import decode_image
from functions.bulk.schemas import Counts
from tests.conftest import ReadPhoto
from tests.support.cloud import PHOTOS, RESULTS, Cloud, open_cloud
from tests.support.documents import sql_statements
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.paths import ROOT
from tests.support.photo_files import encode
from tests.support.postgres import running_postgres
from tests.support.processes import children_of
from tools.collect import read_run, write_csv
from tools.embed_bucket import embed

BULK = ROOT / "docs" / "bulk.md"
COPIES = 25
BROKEN = "people/broken.jpg"
KILLS, THROTTLES = "people/2/person_b_1.jpg", "people/3/sample2.jpg"
ENVIRONMENTS, BATCH_SIZE = 4, 5
MAX_PX = 400
# On a busy machine.
RUN_TIMEOUT_S = 240


@dataclass(slots=True)
class Faults:
    """Kills the runtime that first reads one photo, and throttles the reads of another."""

    cloud: Cloud | None = None
    killed: list[int] = field(default_factory=list)
    # One more than boto3 tries in one invocation.
    throttles: int = 5

    def on_read(self, key: str, reader: str) -> bool:
        if key == KILLS and not self.killed:
            assert self.cloud
            number = int(reader.removeprefix("ENVIRONMENT"))
            (runtime,) = children_of(self.cloud.bulk.environments[number].process.pid)
            os.kill(runtime, signal.SIGKILL)
            self.killed.append(runtime)
        if key == THROTTLES and self.throttles:
            self.throttles -= 1
            return True
        return False


@dataclass(frozen=True, slots=True)
class Run:
    """The workflow's first run."""

    cloud: Cloud
    faults: Faults
    description: dict[str, Any]
    objects: dict[str, bytes]
    photos: dict[str, bytes]
    events: int

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for key, data in self.objects.items()
            if key.endswith(".jsonl")
            for line in data.splitlines()
        ]


def small(photo: bytes) -> bytes:
    with Image.open(io.BytesIO(photo)) as image:
        image.thumbnail((MAX_PX, MAX_PX))
        return encode(image, "JPEG", quality=90)


@pytest.fixture(scope="module")
def run(read_photo: ReadPhoto) -> Iterator[Run]:
    files = [portrait.file for portrait in PORTRAITS] + list(GROUP_FACES)
    photos = {
        f"people/{copy}/{file}": data
        for file, data in ((file, small(read_photo(file))) for file in files)
        for copy in range(COPIES)
    }
    empty = Image.new("RGB", (300, 200), (90, 120, 60))
    photos["people/0/person_a_1.jpg"] = encode(empty, "JPEG")
    photos[BROKEN] = b"\xff\xd8\xff\xe0 not a photo"
    faults = Faults()
    with open_cloud(
        faults.on_read,
        ENVIRONMENTS,
        {
            "BulkConcurrency": str(ENVIRONMENTS),
            "BulkBatchSize": str(BATCH_SIZE),
            "FaceModel": "mobilefacenet",
        },
        BATCHES_PER_ROUND="40",
    ) as cloud:
        faults.cloud = cloud
        for key, data in {**photos, "people/": b"", "others/1.jpg": b""}.items():
            cloud.s3.put_object(Bucket=PHOTOS, Key=key, Body=data)
        description = cloud.run(RUN_TIMEOUT_S, prefix="people/")
        yield Run(cloud, faults, description, cloud.read(), photos, cloud.bulk.events)


def test_every_photo_has_exactly_one_outcome(run: Run) -> None:
    assert run.faults.killed
    assert run.faults.throttles == 0
    # One more each for the event that Lambda refused, the killed runtime and S3's throttle.
    assert run.events == run.description["output"]["listed_batches"] + 3
    assert run.description["status"] == "SUCCEEDED", run.description
    outcomes = {(line["key"], line["outcome"]) for line in run.lines}
    assert sorted(key for key, _ in outcomes) == sorted(run.photos)
    faces = [line for line in run.lines if line["outcome"] == "face"]
    places = Counter((line["key"], line["index"]) for line in faces)
    assert set(places.values()) == {1}
    for line in faces:
        assert line["index"] < line["face_count"] == sum(key == line["key"] for key, _ in places)


def test_what_is_no_photo_and_what_shows_no_face_are_outcomes(run: Run) -> None:
    others = {line["key"]: line for line in run.lines if line["outcome"] != "face"}
    assert others.pop(BROKEN) == {"outcome": "error", "key": BROKEN, "code": "INVALID_IMAGE"}
    (key,) = others
    assert (key, others[key]["outcome"]) == ("people/0/person_a_1.jpg", "no_face")


def test_a_face_is_that_of_a_single_extraction(run: Run, extractor: Extractor) -> None:
    for key, data in run.photos.items():
        if not key.startswith("people/1/"):
            continue
        photo = decode_image(data, 64_000_000)
        found = extractor.find(photo, align=True)
        faces = sorted(found.faces, key=lambda face: face.area, reverse=True)
        lines = [line for line in run.lines if line["key"] == key]
        assert len(lines) == len(faces)
        for face, vector, line in zip(faces, extractor.embed(found, faces), lines, strict=True):
            embedding = np.frombuffer(base64.b64decode(line["embedding"]), "<f4")
            np.testing.assert_allclose(embedding, vector, atol=1e-5)
            box = photo.box_of(face)
            assert line["box"] == {"x": box.x, "y": box.y, "w": box.w, "h": box.h}
            assert line["quality"]["face_px"] == min(box.w, box.h)


def test_the_counts_add_up_over_all_rounds(run: Run) -> None:
    output = run.description["output"]
    faces = sum(line["outcome"] == "face" for line in run.lines)
    batches = -(-len(run.photos) // BATCH_SIZE)
    assert (output["listed_photos"], output["listed_batches"]) == (len(run.photos), batches)
    expected = Counts(
        batches=batches, photos=len(run.photos), faces=faces, without_face=1, failed=1
    )
    assert output["done"] == expected.model_dump()
    (summary,) = (data for key, data in run.objects.items() if key.endswith("/summary.json"))
    assert json.loads(summary)["done"] == expected.model_dump()
    assert sum("/batches/" in key for key in run.objects) == 2


def test_a_second_run_by_the_command_changes_nothing(run: Run) -> None:
    progress = embed(run.cloud.states, run.cloud.workflow, {"prefix": "people/"}, poll_s=0.1)
    assert progress.model_dump() == run.description["output"]
    assert run.cloud.read() == run.objects


def test_postgres_finds_the_same_persons_photos(run: Run, tmp_path: Path) -> None:
    name = run.description["output"]["run"]
    with (tmp_path / "faces.csv").open("w") as faces, io.StringIO() as others:
        lines = read_run(run.cloud.s3, RESULTS, "embeddings/", name)
        assert write_csv(lines, faces, others) == (run.description["output"]["done"]["faces"], 2)
        assert others.getvalue().splitlines() == [
            "key,outcome,code",
            "people/0/person_a_1.jpg,no_face,",
            f"{BROKEN},error,INVALID_IMAGE",
        ]
    (embedding,) = (
        np.frombuffer(base64.b64decode(line["embedding"]), "<f4").tolist()
        for line in run.lines
        if line["key"] == "people/1/person_b_1.jpg"
    )
    with running_postgres() as postgres:
        postgres.run(
            *(s.replace("faces.csv", str(tmp_path / "faces.csv")) for s in sql_statements(BULK)),
            "ANALYZE faces",
        )
        query = f"FROM faces ORDER BY embedding <=> '{embedding}' LIMIT {2 * COPIES}"
        # The index returns at most so many rows, by default fewer than one person's here.
        settings = f"SET enable_seqscan = off; SET hnsw.ef_search = {4 * COPIES}"
        search = f"{settings}; EXPLAIN SELECT key {query}"
        assert "Index Scan using faces_embedding_idx" in postgres.run(search)
        found = postgres.run(f"{settings}; SELECT key {query}").split()
        stored = postgres.run(
            "SELECT embedding FROM faces WHERE key = 'people/1/person_b_1.jpg'",
        )
    assert sorted(found) == sorted(key for key in run.photos if "/person_b_" in key)
    np.testing.assert_array_equal(np.float32(json.loads(stored)), np.float32(embedding))


def test_the_functions_log_no_key_and_no_embedding(run: Run) -> None:
    logs = "".join(environment.log() for environment in run.cloud.bulk.environments)
    assert '"embedded"' in logs
    assert "people/" not in logs
    embeddings = [line["embedding"] for line in run.lines if line["outcome"] == "face"]
    assert not [text for text in embeddings if text[:40] in logs]
