"""Damaged photos: an answer is the right person's, or says why there is none."""

import base64
import io
import itertools
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from face_contract.distance import DistanceMetric, compare
from tests.conftest import Extract, ReadPhoto
from tests.support.damage import DAMAGES, cut, cut_and_closed, zero_tail
from tests.support.photo_files import encode, encode_turned

PATH = "/api/v1/extract-embedding"
MAX_DISTANCE = 0.4
PORTRAITS = ("person_a_2.jpg", "person_b_1.jpg", "impostor_2.jpg")
WARNINGS = ["TRUNCATED_IMAGE"]

Write = Callable[[Image.Image], bytes]
FILES: dict[str, Write] = {
    "jpeg": lambda i: encode(i, "JPEG", quality=90),
    "jpeg full colour": lambda i: encode(i, "JPEG", quality=60, subsampling=0, optimize=True),
    "jpeg progressive": lambda i: encode(i, "JPEG", quality=85, progressive=True),
    "jpeg restarts": lambda i: encode(i, "JPEG", quality=85, restart_marker_rows=1),
    "png": lambda i: encode(i, "PNG", compress_level=1),
    "webp": lambda i: encode(i, "WEBP", quality=80, method=0),
    "webp lossless": lambda i: encode(i, "WEBP", lossless=True, method=0),
    "avif": lambda i: encode(i, "AVIF", quality=80, speed=10),
}
# Those whose rows come one after another, whole.
SEQUENTIAL = sorted(FILES.keys() - {"jpeg progressive", "avif"})


@pytest.fixture(scope="module")
def portraits(read_photo: ReadPhoto) -> dict[str, Image.Image]:
    """At half their size: 360 × 450 pixels."""
    images = {name: Image.open(io.BytesIO(read_photo(name))) for name in PORTRAITS}
    return {name: image.convert("RGB").reduce(2) for name, image in images.items()}


def post(service: httpx.Client, data: bytes, enforce: bool = False) -> httpx.Response:
    image = base64.b64encode(data).decode()
    return service.post(PATH, json={"image": image, "enforce_detection": enforce})


def is_right(answer: httpx.Response, intact: dict[str, Any], part: float) -> bool:
    """Whether it is the same person's embedding, or an error that may be."""
    content: dict[str, Any] = answer.json()
    if answer.status_code == 200:
        distance = compare(content["embedding"], intact["embedding"], DistanceMetric.COSINE)
        return bool(content["face_count"] == 1 and distance.distance < MAX_DISTANCE)
    if content["error"]["code"] == "INVALID_IMAGE":
        # Nearly nothing is left of it, or its header is what is damaged.
        return part < 0.25
    code, details = content["error"]["code"], content["error"]["details"]
    return (code, details) == ("NO_FACE_DETECTED", {"warnings": WARNINGS})


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_no_damage_makes_another_person(
    local_service: httpx.Client, portraits: dict[str, Image.Image], name: str, kind: str
) -> None:
    rng = np.random.default_rng(13)
    wrong = []
    for portrait, image in portraits.items():
        data = FILES[name](image)
        intact = post(local_service, data).json()
        assert intact["warnings"] == []
        for part in rng.uniform(0.01, 0.99, 4):
            answer = post(local_service, DAMAGES[kind](data, part, rng))
            if not is_right(answer, intact, part):
                wrong.append((portrait, part, answer.json()))
    assert wrong == []


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_damaged_jpeg_data_in_a_tiff_makes_no_other_person(
    local_service: httpx.Client, portraits: dict[str, Image.Image], mode: str, kind: str
) -> None:
    """No row of it counts as sound, and its directory may be lost with its end."""
    rng = np.random.default_rng(17)
    for image in portraits.values():
        data = encode(image.convert(mode), "TIFF", compression="jpeg", quality=85)
        intact = post(local_service, data).json()
        assert intact["warnings"] == []
        for part in rng.uniform(0.05, 0.95, 3):
            answer = post(local_service, DAMAGES[kind](data, part, rng))
            if answer.status_code == 200:
                assert is_right(answer, intact, part)
            else:
                code = answer.json()["error"]["code"]
                assert code in {"INVALID_IMAGE", "NO_FACE_DETECTED"}


@pytest.mark.parametrize("damage", [cut, zero_tail])
@pytest.mark.parametrize("name", SEQUENTIAL)
def test_a_face_above_the_damage_is_answered(
    extract_locally: Extract, portraits: dict[str, Image.Image], name: str, damage: Any
) -> None:
    # The chin of this portrait is at 250 of 450 rows.
    data = FILES[name](portraits["impostor_2.jpg"])
    intact = extract_locally(data)
    answer = extract_locally(damage(data, 0.9, np.random.default_rng(0)))
    assert answer["warnings"] == WARNINGS
    assert answer["face_count"] == 1
    for side, value in answer["facial_area"].items():
        assert value == pytest.approx(intact["facial_area"][side], abs=6)
    distance = compare(answer["embedding"], intact["embedding"], DistanceMetric.COSINE).distance
    assert distance < 0.1


@pytest.mark.parametrize("missing", [3, 4, 10, 1000, 20_000])
@pytest.mark.parametrize("end", [b"", b"\xff"], ids=["bare", "half marker"])
@pytest.mark.parametrize("name", ["jpeg", "jpeg progressive", "jpeg restarts"])
def test_a_jpeg_that_lacks_pixels_is_never_taken_for_a_whole_one(
    local_service: httpx.Client,
    portraits: dict[str, Image.Image],
    name: str,
    missing: int,
    end: bytes,
) -> None:
    data = FILES[name](portraits["impostor_2.jpg"])
    intact = post(local_service, data).json()
    answer = post(local_service, data[:-missing] + end)
    assert is_right(answer, intact, part=1)
    assert answer.status_code != 200 or answer.json()["warnings"] == WARNINGS


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_the_sound_part_is_turned_with_the_photo(
    extract_locally: Extract, portraits: dict[str, Image.Image], name: str, orientation: int
) -> None:
    upright = portraits["impostor_2.jpg"]
    data = encode_turned(upright, name.upper(), orientation)
    # PNGs made here keep their EXIF before the pixels. The face is far from each side.
    rng = np.random.default_rng(0)
    intact, answer = extract_locally(data), extract_locally(cut(data, 0.97, rng))
    assert answer["warnings"] == WARNINGS
    for side, value in answer["facial_area"].items():
        assert value == pytest.approx(intact["facial_area"][side], abs=6)


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_next_to_nothing_is_no_image(
    service: httpx.Client, portraits: dict[str, Image.Image], name: str
) -> None:
    data = FILES[name](portraits["impostor_2.jpg"])
    start = data.index(b"\xff\xda") if name.startswith("jpeg") else 60
    answer = post(service, data[: start + 16])
    assert answer.json()["error"]["code"] == "INVALID_IMAGE"


@pytest.mark.parametrize("enforce", [False, True])
def test_a_face_that_the_damage_cuts_is_none(
    service: httpx.Client, portraits: dict[str, Image.Image], enforce: bool
) -> None:
    image = portraits["impostor_2.jpg"]
    for name, part in itertools.product(("jpeg", "png", "webp"), (0.3, 0.4)):
        data = cut(FILES[name](image), part, np.random.default_rng(0))
        error = post(service, data, enforce).json()["error"]
        assert (error["code"], error["details"]) == ("NO_FACE_DETECTED", {"warnings": WARNINGS})


def test_where_damage_cannot_be_located_nothing_is_sound(
    service: httpx.Client, portraits: dict[str, Image.Image]
) -> None:
    data = FILES["jpeg"](portraits["impostor_2.jpg"])
    avif = FILES["avif"](portraits["impostor_2.jpg"])
    rng = np.random.default_rng(0)
    for damaged in (cut_and_closed(data, 0.9, rng), cut(avif, 0.9, rng)):
        answer = post(service, damaged)
        assert answer.json()["error"]["code"] == "NO_FACE_DETECTED"
        assert answer.json()["error"]["details"] == {"warnings": WARNINGS}
