"""match-faces on real photos through the real model."""

import base64
import io
import struct
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from face_contract.scan_schemas import MAX_MATCHED_IMAGES, MatchResponse
from tests.conftest import Extract, ReadPhoto
from tests.support.damage import DAMAGES
from tests.support.envelope import assert_error
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.many import MATCH, by_url, extract_many, in_base64, match_many
from tests.support.photo_files import encode
from tests.support.vectors import vector
from tools.loopback_server import NOT_FOUND, Send, http_response, running

COMPARE = "/api/v1/compare-faces"
MODEL = "mobilefacenet-87aacdfe/yunet/similarity"
NOBODY = encode(Image.linear_gradient("L"), "JPEG")
NUMBERS = {"is_same_person": False} | dict.fromkeys(
    ("distance", "similarity", "confidence", "facial_area", "face_confidence")
)


@pytest.fixture(scope="module")
def person(extract: Extract, read_photo: ReadPhoto) -> list[float]:
    """The embedding of person a."""
    embedding: list[float] = extract(read_photo("person_a_2.jpg"))["embedding"]
    return embedding


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "euclidean_l2"])
def test_each_match_is_what_extracting_and_comparing_give(
    service: httpx.Client,
    extract: Extract,
    read_photo: ReadPhoto,
    person: list[float],
    metric: str,
) -> None:
    photos = [read_photo(portrait.file) for portrait in PORTRAITS]
    matches = match_many(service, person, *map(in_base64, photos), distance_metric=metric)
    for photo, portrait, match in zip(photos, PORTRAITS, matches, strict=True):
        alone = extract(photo)
        body = {"embedding1": person, "embedding2": alone["embedding"], "distance_metric": metric}
        comparison = service.post(COMPARE, json=body).json()
        assert match["is_same_person"] is comparison["is_same_person"] is (portrait.person == "a")
        for key in ("distance", "similarity", "confidence"):
            assert match[key] == pytest.approx(comparison[key], abs=1e-6)
        for key in ("facial_area", "face_confidence", "face_count", "model", "warnings"):
            assert match[key] == alone[key]
        assert match["error"] is None


def test_the_answer_is_the_contracts(
    service: httpx.Client, read_photo: ReadPhoto, person: list[float]
) -> None:
    images = [in_base64(read_photo("sample1.jpg")), {"image": "!"}]
    content = service.post(MATCH, json={"embedding": person, "images": images}).json()
    assert MatchResponse.model_validate(content).model_dump(mode="json") == content
    assert list(content) == [
        "matches",
        "threshold_used",
        "distance_metric",
        "model",
        "processing_time_ms",
    ]
    assert content["threshold_used"] == 0.68
    assert content["distance_metric"] == "cosine"
    assert content["model"] == MODEL
    keys = [*NUMBERS, "face_count", "model", "warnings", "error"]
    assert [list(match) for match in content["matches"]] == [keys] * 2


@pytest.mark.parametrize("file", GROUP_FACES)
def test_the_nearest_face_of_a_group_counts_not_the_largest(
    service: httpx.Client, read_photo: ReadPhoto, file: str
) -> None:
    photo = in_base64(read_photo(file))
    (result,) = extract_many(service, photo, embedding_format="base64")
    for face in result["faces"]:
        (match,) = match_many(service, face["embedding"], photo)
        assert match["facial_area"] == face["facial_area"]
        assert match["face_confidence"] == face["face_confidence"]
        assert match["distance"] < 1e-6
        assert match["is_same_person"] is True
        assert match["face_count"] == result["face_count"]
    # Those below the limit are not compared, but counted.
    least = max(face["quality"]["face_px"] for face in result["faces"])
    (largest,) = (f for f in result["faces"] if f["quality"]["face_px"] == least)
    for face in result["faces"]:
        (match,) = match_many(service, face["embedding"], photo, min_face_px=least)
        assert match["facial_area"] == largest["facial_area"]
        assert match["face_count"] == result["face_count"]


def test_without_a_face_the_numbers_are_null(
    service: httpx.Client, read_photo: ReadPhoto, person: list[float]
) -> None:
    (nobody,) = match_many(service, person, in_base64(NOBODY))
    assert nobody == {
        **NUMBERS,
        "face_count": 0,
        "model": MODEL,
        "warnings": [],
        "error": None,
    }
    (small,) = match_many(service, person, in_base64(read_photo("sample5.jpg")), min_face_px=10**6)
    assert small == {**nobody, "face_count": 5}


def test_numbers_and_their_base64_match_alike(
    service: httpx.Client, extract: Extract, read_photo: ReadPhoto, person: list[float]
) -> None:
    text = extract(read_photo("person_a_2.jpg"), embedding_format="base64")["embedding"]
    photo = in_base64(read_photo("person_a_1.jpg"))
    (one,), (other,) = (match_many(service, form, photo) for form in (text, person))
    assert one["distance"] == pytest.approx(other["distance"], abs=1e-8)
    assert one["is_same_person"] is True


def test_the_threshold_decides(
    service: httpx.Client, read_photo: ReadPhoto, person: list[float]
) -> None:
    photo = in_base64(read_photo("person_a_1.jpg"))
    (match,) = match_many(service, person, photo)
    distance = match["distance"]
    for threshold, same in ((distance, False), (distance * 1.0001, True)):
        body = {"embedding": person, "images": [photo], "threshold": threshold}
        content = service.post(MATCH, json=body).json()
        assert content["threshold_used"] == threshold
        assert content["matches"][0]["is_same_person"] is same


@pytest.mark.parametrize(
    "model", [None, MODEL, "mobilefacenet-87aacdfe/another-detector/similarity"]
)
def test_comparable_models(
    service: httpx.Client, read_photo: ReadPhoto, person: list[float], model: str | None
) -> None:
    photo = in_base64(read_photo("person_a_1.jpg"))
    (match,) = match_many(service, person, photo, model=model)
    assert match["is_same_person"] is True


@pytest.mark.parametrize(
    ("model", "align"),
    [
        ("mobilefacenet-00000000/yunet/similarity", True),
        ("arcface-6336979c/retinaface/deepface", True),
        ("mobilefacenet-87aacdfe/yunet/box", True),
        (MODEL, False),
    ],
)
def test_a_model_that_is_not_comparable_is_refused_before_any_download(
    make_service: Callable[..., httpx.Client], person: list[float], model: str, align: bool
) -> None:
    with running(lambda _path, send: send(NOT_FOUND)) as server:
        service = make_service(download_allowed_hosts=("127.0.0.1",))
        body = {"embedding": person, "images": [by_url(f"{server.url}/a")], "model": model}
        error = assert_error(
            service.post(MATCH, json={**body, "align": align}), 409, "MODEL_MISMATCH"
        )
        assert server.requests == []
    ours = MODEL if align else "mobilefacenet-87aacdfe/yunet/box"
    assert error["details"] == {"model1": model, "model2": ours}


def packed(*start: float, length: int = 512) -> str:
    numbers = [*start, *[0.0] * (length - len(start))]
    return base64.b64encode(struct.pack(f"<{length}f", *numbers)).decode()


@pytest.mark.parametrize(
    "embedding",
    [
        packed(1, length=511),
        packed(1, length=513),
        base64.b64encode(bytes(2047)).decode(),
        packed(),
        packed(float("nan")),
        packed(1, float("inf")),
        "",
        "AAAA",
        "no base64!",
        "\u00e4" * 2732,
        [],
        [1.0] * 511,
        [1.0] * 513,
        [0] * 512,
    ],
    ids=lambda embedding: str(embedding)[:12],
)
def test_what_cannot_be_compared_is_no_embedding(service: httpx.Client, embedding: Any) -> None:
    body = {"embedding": embedding, "images": [in_base64(NOBODY)]}
    error = assert_error(service.post(MATCH, json=body), 400, "INVALID_EMBEDDING")
    assert error["details"]["field"] == "embedding"


@pytest.mark.parametrize("number", ["1e999", "NaN", "-Infinity", "9" * 5000])
def test_numbers_that_are_not_finite_are_no_embedding(service: httpx.Client, number: str) -> None:
    ones = ",".join(["1"] * 511)
    body = f'{{"embedding": [{ones},{number}], "images": [{{"image": "AAAA"}}]}}'
    answer = service.post(MATCH, content=body, headers={"content-type": "application/json"})
    error = assert_error(answer, 400, "INVALID_EMBEDDING")
    assert error["details"] == {"field": "embedding"}


def test_an_embedding_too_large_for_a_distance_is_refused_once(service: httpx.Client) -> None:
    body = {"embedding": [1e308] * 512, "images": [in_base64(NOBODY)]}
    assert service.post(MATCH, json=body).status_code == 200
    body["distance_metric"] = "euclidean"
    assert_error(service.post(MATCH, json=body), 400, "INVALID_EMBEDDING")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"embedding": None}, "embedding"),
        ({"embedding": 7}, "embedding"),
        ({"embedding": {}}, "embedding"),
        ({"embedding": ["1"] * 512}, "embedding"),
        ({"embedding": [True] * 512}, "embedding"),
        ({"embedding": [[1]] * 512}, "embedding"),
        ({"images": []}, "images"),
        ({"images": [{"image": "AAAA"}] * 21}, "images"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": "0.68"}, "threshold"),
        ({"distance_metric": "manhattan"}, "distance_metric"),
        ({"min_face_px": -1}, "min_face_px"),
        ({"model": "mobilefacenet"}, "model"),
        ({"align": "true"}, "align"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(
    service: httpx.Client, change: dict[str, Any], field: str
) -> None:
    body = {"embedding": vector(1), "images": [{"image": "AAAA"}], **change}
    error = assert_error(service.post(MATCH, json=body), 422, "VALIDATION_ERROR")
    assert [f["field"] for f in error["details"]["fields"]] == [field]


def test_bad_and_damaged_photos_spoil_nothing(
    local_service: httpx.Client, read_photo: ReadPhoto, person: list[float]
) -> None:
    good = in_base64(read_photo("person_a_1.jpg"))
    image = Image.open(io.BytesIO(read_photo("impostor_2.jpg"))).reduce(2)
    data = encode(image, "JPEG", quality=90)
    rng = np.random.default_rng(7)
    damaged = [
        in_base64(damage(data, part, rng)) for damage in DAMAGES.values() for part in (0.3, 0.93)
    ]
    images = [good, *damaged, {"image": "!"}, by_url("http://127.0.0.1:1/"), good]
    matches = match_many(local_service, person, *images)
    assert matches[0] == matches[-1]
    assert matches[0]["is_same_person"] is True
    codes = [match["error"] and match["error"]["code"] for match in matches[-3:]]
    assert codes == ["INVALID_IMAGE", "DOWNLOAD_FAILED", None]
    for match in matches[1:-3]:
        assert match["error"] is None
        assert match["warnings"] in ([], ["TRUNCATED_IMAGE"])
        assert match["is_same_person"] is False
        if match["face_count"] == 0:
            assert match["distance"] is None


def test_urls_beside_each_other_give_what_the_photos_give(
    make_service: Callable[..., httpx.Client], read_photo: ReadPhoto, person: list[float]
) -> None:
    files = [portrait.file for portrait in PORTRAITS]

    def reply(path: str, send: Send) -> None:
        name = path.removeprefix("/")
        send(http_response(read_photo(name)) if name in files else NOT_FOUND)

    with running(reply) as server:
        service = make_service(download_allowed_hosts=("127.0.0.1",))
        urls = [by_url(f"{server.url}/{file}") for file in files]
        missing, private = by_url(f"{server.url}/none"), by_url("http://10.0.0.1/a.jpg")
        itself = in_base64(read_photo(files[0]))
        matches = match_many(service, person, missing, *urls, private, itself)
        photos = [in_base64(read_photo(file)) for file in files]
        assert matches[1:-2] == match_many(service, person, *photos)
        assert matches[-1] == matches[1]
        for match in (matches[0], matches[-2]):
            assert match["error"]["code"] == "DOWNLOAD_FAILED"
            assert {key: match[key] for key in NUMBERS} == NUMBERS
        # No file is fetched twice.
        assert len(server.requests) == len(files) + 1


def test_the_same_photo_many_times(
    service: httpx.Client, read_photo: ReadPhoto, person: list[float]
) -> None:
    photo = in_base64(read_photo("person_a_1.jpg"))
    first, *others = match_many(service, person, *[photo] * MAX_MATCHED_IMAGES)
    assert others == [first] * (MAX_MATCHED_IMAGES - 1)
