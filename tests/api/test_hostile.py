"""Files that are not what they say: mostly 400 or 413, always soon, and nothing is kept."""

import base64
import gc
import io
import time

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from face_contract.schemas import ErrorResponse
from tests.conftest import ReadPhoto
from tests.support.hostile_files import (
    FORMATS,
    HARMLESS,
    bombs,
    foreign_files,
    lies,
    tiny_blocks,
    truncations,
)
from tests.support.photo_files import encode
from tools import process_memory

pytestmark = pytest.mark.alone
PATH = "/api/v1/extract-embedding"
MAX_SECONDS = 2


@pytest.fixture(scope="module")
def corpus(read_photo: ReadPhoto) -> dict[str, bytes]:
    image = Image.open(io.BytesIO(read_photo("person_a_1.jpg"))).convert("RGB")
    return dict([*bombs().items(), *tiny_blocks(), *foreign_files(), *lies(image)])


@pytest.fixture(scope="module")
def cut_files(read_photo: ReadPhoto) -> dict[str, bytes]:
    image = Image.open(io.BytesIO(read_photo("person_a_1.jpg"))).convert("RGB")
    return dict(truncations(image))


def resident_mb() -> float:
    gc.collect()
    return process_memory.resident_mb()


def refuse(service: httpx.Client, name: str, data: bytes) -> float:
    """Posts a file that must be refused, or has no face; returns how many seconds that took."""
    image = base64.b64encode(data).decode()
    start = time.perf_counter()
    answer = service.post(PATH, json={"image": image, "enforce_detection": False})
    seconds = time.perf_counter() - start
    if name in HARMLESS:
        assert answer.json()["face_count"] == 0
        return seconds
    assert answer.status_code in (400, 413), (name, answer.text[:200])
    error = ErrorResponse.model_validate(answer.json()).error
    assert error.code in ("INVALID_IMAGE", "PAYLOAD_TOO_LARGE")
    return seconds


def test_a_cut_file_is_no_whole_photo(
    local_service: httpx.Client, cut_files: dict[str, bytes]
) -> None:
    for name, data in cut_files.items():
        image = base64.b64encode(data).decode()
        answer = local_service.post(PATH, json={"image": image, "enforce_detection": False}).json()
        if "error" not in answer:
            assert (answer["face_count"], answer["warnings"]) == (1, ["TRUNCATED_IMAGE"]), name
        elif answer["error"]["code"] == "NO_FACE_DETECTED":
            assert name.startswith(("JPEG", "PNG", "WEBP", "AVIF"))
            assert answer["error"]["details"] == {"warnings": ["TRUNCATED_IMAGE"]}
        else:
            assert answer["error"]["code"] == "INVALID_IMAGE"


def test_every_hostile_file_is_refused_soon_and_nothing_is_kept(
    local_service: httpx.Client, corpus: dict[str, bytes]
) -> None:
    slow = {
        name: s
        for name, data in corpus.items()
        if (s := refuse(local_service, name, data)) > MAX_SECONDS
    }
    assert slow == {}
    before = resident_mb()
    for name, data in corpus.items():
        refuse(local_service, name, data)
    assert resident_mb() < before + 30


def test_flipped_bits_never_break_the_service(
    local_service: httpx.Client, read_photo: ReadPhoto
) -> None:
    image = Image.open(io.BytesIO(read_photo("person_a_1.jpg"))).convert("RGB").resize((120, 140))
    random = np.random.default_rng(11)
    for kind in FORMATS:
        data = encode(image, kind)
        for _ in range(25):
            broken = bytearray(data)
            # Most of what decides is in the first bytes.
            for at in random.integers(0, min(len(data), 400), 3):
                broken[at] ^= int(random.integers(1, 256))
            body = {
                "image": base64.b64encode(bytes(broken)).decode(),
                "enforce_detection": False,
            }
            start = time.perf_counter()
            answer = local_service.post(PATH, json=body)
            assert time.perf_counter() - start < MAX_SECONDS
            assert answer.status_code in (200, 400), answer.text
