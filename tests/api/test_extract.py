"""extract-embedding on real photos through the real model."""

import base64
import io
import itertools
import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from face_contract.distance import DistanceMetric, compare
from face_contract.schemas import ExtractResponse
from tests.conftest import Extract, ReadPhoto
from tests.support.labels import GROUP_FACES, PORTRAITS, Portrait
from tests.support.photo_files import encode
from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import start_pool

PATH = "/api/v1/extract-embedding"


def cosine_distance(a: list[float], b: list[float]) -> float:
    return compare(a, b, DistanceMetric.COSINE).distance


@pytest.fixture(scope="module")
def embeddings(extract: Extract, read_photo: ReadPhoto) -> dict[str, list[float]]:
    return {p.file: extract(read_photo(p.file))["embedding"] for p in PORTRAITS}


@pytest.mark.parametrize(
    ("one", "other"),
    list(itertools.combinations(PORTRAITS, 2)),
    ids=lambda portrait: portrait.file.removesuffix(".jpg"),
)
def test_the_same_person_is_near_and_others_are_far(
    embeddings: dict[str, list[float]], one: Portrait, other: Portrait
) -> None:
    distance = cosine_distance(embeddings[one.file], embeddings[other.file])
    assert (distance < 0.68) == (one.person == other.person)


@pytest.mark.parametrize("portrait", PORTRAITS, ids=lambda p: p.file)
def test_the_answer_is_the_contracts(
    extract: Extract, read_photo: ReadPhoto, portrait: Portrait
) -> None:
    photo = read_photo(portrait.file)
    answer = extract(photo)
    assert set(answer) == set(ExtractResponse.model_fields)
    assert len(answer["embedding"]) == 512
    assert all(map(math.isfinite, answer["embedding"]))
    assert answer["face_count"] == 1
    assert 0.9 < answer["face_confidence"] <= 1
    assert answer["processing_time_ms"] > 0
    assert answer["model"] == "mobilefacenet-87aacdfe/yunet/similarity"
    area = answer["facial_area"]
    for x, y in (portrait.right_eye, portrait.left_eye):
        assert area["x"] < x < area["x"] + area["w"]
        assert area["y"] < y < area["y"] + area["h"]
    width, height = Image.open(io.BytesIO(photo)).size
    assert area["x"] + area["w"] <= width
    assert area["y"] + area["h"] <= height


@pytest.mark.parametrize("portrait", PORTRAITS[:2], ids=lambda p: p.file)
def test_base64_holds_the_same_numbers(
    extract: Extract,
    read_photo: ReadPhoto,
    embeddings: dict[str, list[float]],
    portrait: Portrait,
) -> None:
    text = extract(read_photo(portrait.file), embedding_format="base64")["embedding"]
    vector = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    np.testing.assert_array_equal(vector, np.array(embeddings[portrait.file], np.float32))
    numbers = extract(read_photo(portrait.file), embedding_format="float")["embedding"]
    assert numbers == embeddings[portrait.file]


@pytest.mark.parametrize(("file", "count"), GROUP_FACES.items())
def test_groups(
    service: httpx.Client, extract: Extract, read_photo: ReadPhoto, file: str, count: int
) -> None:
    photo = read_photo(file)
    assert extract(photo, enforce_detection=False)["face_count"] == count
    refused = service.post(PATH, json={"image": base64.b64encode(photo).decode()})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "MULTIPLE_FACES_DETECTED"
    assert refused.json()["error"]["details"] == {"face_count": count}


def test_the_main_clients_own_call(service: httpx.Client, read_photo: ReadPhoto) -> None:
    body = {
        "image": base64.b64encode(read_photo("sample4.jpg")).decode(),
        "image_type": "base64",
        "enforce_detection": False,
        "align": True,
    }
    answer = service.post(PATH, json=body)
    assert answer.status_code == 200
    assert answer.json()["face_count"] == 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_agree(
    extract: Extract,
    read_photo: ReadPhoto,
    embeddings: dict[str, list[float]],
    orientation: int,
) -> None:
    upright = Image.open(io.BytesIO(read_photo("impostor_1.jpg")))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[274] = orientation
    answer = extract(encode(stored, "JPEG", exif=exif, quality=95))
    assert cosine_distance(answer["embedding"], embeddings["impostor_1.jpg"]) < 0.02
    original = extract(read_photo("impostor_1.jpg"))["facial_area"]
    assert all(abs(answer["facial_area"][side] - original[side]) <= 4 for side in "xywh")


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
@pytest.mark.parametrize("portrait", PORTRAITS, ids=lambda p: p.file)
def test_formats_agree_with_the_jpeg(
    extract: Extract,
    read_photo: ReadPhoto,
    embeddings: dict[str, list[float]],
    portrait: Portrait,
    format: str,  # noqa: A002
) -> None:
    image = Image.open(io.BytesIO(read_photo(portrait.file)))
    answer = extract(encode(image, format, quality=95))
    assert cosine_distance(answer["embedding"], embeddings[portrait.file]) < 0.02


def test_without_alignment_the_person_is_still_known_and_the_model_says_so(
    extract: Extract, read_photo: ReadPhoto
) -> None:
    answer = extract(read_photo("person_b_1.jpg"), align=False)
    assert answer["model"] == "mobilefacenet-87aacdfe/yunet/box"
    assert answer["face_count"] == 1
    other = extract(read_photo("person_b_2.jpg"), align=False)["embedding"]
    stranger = extract(read_photo("person_a_2.jpg"), align=False)["embedding"]
    assert cosine_distance(answer["embedding"], other) < cosine_distance(
        answer["embedding"], stranger
    )


@pytest.fixture(scope="module")
def landscape() -> bytes:
    """A picture without a face."""
    columns = np.linspace(0, 255, 400)
    sky = np.stack([np.tile(columns, (300, 1))] * 3, axis=2).astype(np.uint8)
    return encode(Image.fromarray(sky), "JPEG")


def test_no_face_is_refused_when_one_is_enforced(service: httpx.Client, landscape: bytes) -> None:
    answer = service.post(PATH, json={"image": base64.b64encode(landscape).decode()})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "NO_FACE_DETECTED"


def test_no_face_is_told_when_none_is_enforced(extract: Extract, landscape: bytes) -> None:
    answer = extract(landscape, enforce_detection=False)
    assert len(answer["embedding"]) == 512
    assert answer["face_count"] == 0
    assert answer["face_confidence"] == 0.0
    assert answer["facial_area"] == {"x": 0, "y": 0, "w": 400, "h": 300}


def test_no_face_gives_no_embedding_if_so_set(
    make_service: Callable[..., httpx.Client], landscape: bytes
) -> None:
    body = {"image": base64.b64encode(landscape).decode(), "enforce_detection": False}
    answer = make_service(embed_without_face=False).post(PATH, json=body)
    assert answer.status_code == 200
    assert answer.json()["embedding"] is None
    in_base64 = make_service(embed_without_face=False).post(
        PATH, json={**body, "embedding_format": "base64"}
    )
    assert in_base64.json()["embedding"] is None
    assert answer.json()["face_count"] == 0
    assert answer.json()["facial_area"] == {"x": 0, "y": 0, "w": 400, "h": 300}


@pytest.mark.parametrize("detector", ["retinaface", "yunet"])
@pytest.mark.parametrize("alignment", ["deepface", "similarity"])
def test_whatever_the_settings_model_info_names_the_model_of_the_vectors(
    make_service: Callable[..., httpx.Client],
    read_photo: ReadPhoto,
    detector: str,
    alignment: str,
) -> None:
    service = make_service(face_model="mobilefacenet", detector=detector, alignment=alignment)
    answer = service.post(
        PATH, json={"image": base64.b64encode(read_photo("impostor_1.jpg")).decode()}
    )
    info = service.get("/api/v1/model-info").json()
    assert info["model_identity"] == answer.json()["model"]
    assert (info["detector"], info["alignment"]) == ("yunet", "similarity")


@pytest.fixture(params=["local", "lambda"])
def service_of_8(
    request: pytest.FixtureRequest, local_service: httpx.Client
) -> Iterator[httpx.Client]:
    """The API for eight requests at once: Lambda has an environment for each."""
    if request.param == "local":
        yield local_service
        return
    pool = start_pool("extract", 8)
    try:
        with (
            serve(create_gateway({"extract": pool})) as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            yield client
    finally:
        pool.stop()


def test_96_extractions_from_8_threads_are_those_of_a_quiet_run(
    service_of_8: httpx.Client, read_photo: ReadPhoto
) -> None:
    files = [p.file for p in PORTRAITS] + list(GROUP_FACES)
    bodies = {
        file: {"image": base64.b64encode(read_photo(file)).decode(), "enforce_detection": False}
        for file in files
    }

    def answer(file: str) -> dict[str, Any]:
        response = service_of_8.post(PATH, json=bodies[file])
        assert response.status_code == 200
        content: dict[str, Any] = response.json()
        del content["processing_time_ms"]
        return content

    quiet = {file: answer(file) for file in files}
    work = list(itertools.islice(itertools.cycle(files), 96))
    together = threading.Barrier(8)

    def first_wait_for_all() -> None:
        together.wait(10)

    with ThreadPoolExecutor(8, initializer=first_wait_for_all) as threads:
        assert [a == quiet[f] for f, a in zip(work, threads.map(answer, work), strict=True)] == [
            True
        ] * 96
