"""extract-embeddings on real photos through the real model."""

import base64
import io
import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image

from face_contract.errors import PayloadTooLarge
from face_contract.scan_schemas import (
    MAX_EXTRACTED_IMAGES,
    MAX_FACES,
    ExtractManyResponse,
    PhotoFaces,
)
from face_contract.schemas import ErrorBody
from face_service.openapi import example_of
from functions.extract.many_photos import limit_answer
from tests.conftest import Extract, ReadPhoto
from tests.support.damage import DAMAGES
from tests.support.envelope import assert_error
from tests.support.labels import GROUP_FACES, PORTRAITS, Portrait
from tests.support.many import EXTRACT_MANY, extract_many, in_base64
from tests.support.photo_files import encode, encode_turned
from tools.lambda_pool import VARIABLES

SINGLE = "/api/v1/extract-embedding"
NOBODY = encode(Image.linear_gradient("L"), "JPEG")
# Lambda's limit for an answer, in which the body is a string of JSON.
LAMBDA_BYTES = 6 * 1024 * 1024


def test_each_result_is_what_the_photo_alone_gives(
    service: httpx.Client, extract: Extract, read_photo: ReadPhoto
) -> None:
    photos = [read_photo(portrait.file) for portrait in PORTRAITS]
    results = extract_many(service, *map(in_base64, photos))
    for photo, result in zip(photos, results, strict=True):
        alone = extract(photo)
        (face,) = result.pop("faces")
        width, height = Image.open(io.BytesIO(photo)).size
        assert result == {
            "width": width,
            "height": height,
            "face_count": 1,
            "model": alone["model"],
            "warnings": [],
            "error": None,
        }
        for key in ("embedding", "face_confidence", "facial_area"):
            assert face[key] == alone[key]


def test_the_answer_is_the_contracts(service: httpx.Client, read_photo: ReadPhoto) -> None:
    body = {"images": [in_base64(read_photo("sample1.jpg")), {"image": "!"}]}
    content = service.post(EXTRACT_MANY, json=body).json()
    assert ExtractManyResponse.model_validate(content).model_dump(mode="json") == content
    assert content["model"] == "mobilefacenet-87aacdfe/yunet/similarity"
    assert content["processing_time_ms"] > 0
    found, failed = content["results"]
    keys = ["width", "height", "face_count", "faces", "model", "warnings", "error"]
    assert list(found) == list(failed) == keys
    for face in found["faces"]:
        assert list(face) == [
            "embedding",
            "face_confidence",
            "facial_area",
            "landmarks",
            "quality",
        ]
        assert len(face["embedding"]) == 512
        assert all(map(math.isfinite, face["embedding"]))
        assert list(face["landmarks"]) == [
            "right_eye",
            "left_eye",
            "nose",
            "mouth_right",
            "mouth_left",
        ]
        area = face["facial_area"]
        assert face["quality"]["face_px"] == min(area["w"], area["h"])
    assert (failed["face_count"], failed["faces"], failed["width"]) == (0, [], None)


@pytest.mark.parametrize(("file", "count"), GROUP_FACES.items())
def test_all_faces_of_a_group_the_largest_first(
    service: httpx.Client, extract: Extract, read_photo: ReadPhoto, file: str, count: int
) -> None:
    photo = read_photo(file)
    (result,) = extract_many(service, in_base64(photo))
    areas = [face["facial_area"] for face in result["faces"]]
    assert result["face_count"] == len(areas) == count
    # In whole pixels of the box.
    sizes = [area["w"] * area["h"] for area in areas]
    assert all(one > other * 0.98 for one, other in itertools.pairwise(sizes))
    largest = extract(photo, enforce_detection=False)
    assert result["faces"][0]["embedding"] == largest["embedding"]
    assert areas[0] == largest["facial_area"]


def assert_eyes_are(face: dict[str, Any], right: Any, left: Any) -> None:
    """Within a tenth of the distance between the pupils that were marked by hand."""
    tolerance = math.dist(right, left) / 10
    for name, marked in (("right_eye", right), ("left_eye", left)):
        point = face["landmarks"][name]
        assert math.dist((point["x"], point["y"]), marked) < tolerance


@pytest.mark.parametrize("portrait", PORTRAITS, ids=lambda p: p.file)
def test_landmarks_lie_on_the_face(
    service: httpx.Client, read_photo: ReadPhoto, portrait: Portrait
) -> None:
    (result,) = extract_many(service, in_base64(read_photo(portrait.file)))
    (face,) = result["faces"]
    assert_eyes_are(face, portrait.right_eye, portrait.left_eye)
    points, area = face["landmarks"], face["facial_area"]
    for point in points.values():
        assert area["x"] < point["x"] < area["x"] + area["w"]
        assert area["y"] < point["y"] < area["y"] + area["h"]
    assert points["right_eye"]["x"] < points["nose"]["x"] < points["left_eye"]["x"]
    assert points["mouth_right"]["x"] < points["mouth_left"]["x"]
    assert points["left_eye"]["y"] < points["nose"]["y"] < points["mouth_left"]["y"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_and_landmarks_are_in_the_upright_photo(
    service: httpx.Client, read_photo: ReadPhoto, orientation: int
) -> None:
    upright = Image.open(io.BytesIO(read_photo("impostor_1.jpg")))
    (portrait,) = (p for p in PORTRAITS if p.file == "impostor_1.jpg")
    data = encode_turned(upright, "JPEG", orientation)
    (result,) = extract_many(service, in_base64(data))
    assert (result["width"], result["height"]) == upright.size
    (face,) = result["faces"]
    assert_eyes_are(face, portrait.right_eye, portrait.left_eye)


def test_boxes_and_landmarks_are_in_the_photo_that_was_sent_whatever_is_resized_inside(
    service: httpx.Client, read_photo: ReadPhoto
) -> None:
    portrait = PORTRAITS[2]
    image = Image.open(io.BytesIO(read_photo(portrait.file)))
    large = image.resize((image.width * 5, image.height * 5))
    (result,) = extract_many(service, in_base64(encode(large, "JPEG", quality=80)))
    assert (result["width"], result["height"]) == large.size
    (face,) = result["faces"]
    eyes = [tuple(5 * v + 2 for v in eye) for eye in (portrait.right_eye, portrait.left_eye)]
    assert_eyes_are(face, *eyes)


def test_faces_are_left_out_but_counted(service: httpx.Client, read_photo: ReadPhoto) -> None:
    photo = in_base64(read_photo("sample5.jpg"))

    def faces(**options: Any) -> list[dict[str, Any]]:
        (result,) = extract_many(service, photo, **options)
        assert (result["face_count"], result["error"]) == (5, None)
        kept: list[dict[str, Any]] = result["faces"]
        return kept

    everybody = faces()
    for limit in (1, 2, 5, 100):
        assert faces(max_faces=limit) == everybody[:limit]
    sizes = sorted(face["quality"]["face_px"] for face in everybody)
    for size in (0, *sizes, sizes[-1] + 1, 10**6):
        assert faces(min_face_px=size) == [
            face for face in everybody if face["quality"]["face_px"] >= size
        ]
    scores = sorted(face["face_confidence"] for face in everybody)
    for score in (0, 1, *scores):
        assert faces(min_confidence=score) == [
            face for face in everybody if face["face_confidence"] >= score
        ]
    # In JSON, this is an integer.
    assert faces(max_faces=2.0, min_face_px=0.0) == everybody[:2]
    # The largest of those that are not left out.
    assert faces(min_confidence=scores[2], max_faces=1) == [
        next(face for face in everybody if face["face_confidence"] >= scores[2])
    ]


def test_base64_holds_the_same_numbers(service: httpx.Client, read_photo: ReadPhoto) -> None:
    photo = in_base64(read_photo("sample2.jpg"))
    (numbers,) = extract_many(service, photo)
    (text,) = extract_many(service, photo, embedding_format="base64")
    for one, other in zip(numbers["faces"], text["faces"], strict=True):
        vector = np.frombuffer(base64.b64decode(other.pop("embedding"), validate=True), "<f4")
        np.testing.assert_array_equal(vector, np.array(one.pop("embedding"), np.float32))
        assert one == other


def test_without_alignment_the_boxes_are_embedded(
    service: httpx.Client, extract: Extract, read_photo: ReadPhoto
) -> None:
    photo = read_photo("person_b_1.jpg")
    (result,) = extract_many(service, in_base64(photo), align=False)
    alone = extract(photo, align=False)
    assert result["model"] == alone["model"] == "mobilefacenet-87aacdfe/yunet/box"
    assert result["faces"][0]["embedding"] == alone["embedding"]
    # Quality is always that of the aligned face.
    (aligned,) = extract_many(service, in_base64(photo))
    assert result["faces"][0]["quality"] == aligned["faces"][0]["quality"]


def test_a_photo_without_faces_is_no_error(service: httpx.Client) -> None:
    (result,) = extract_many(service, in_base64(NOBODY))
    assert result == {
        "width": 256,
        "height": 256,
        "face_count": 0,
        "faces": [],
        "model": "mobilefacenet-87aacdfe/yunet/similarity",
        "warnings": [],
        "error": None,
    }


def test_the_same_photo_many_times(service: httpx.Client, read_photo: ReadPhoto) -> None:
    photo = in_base64(read_photo("person_a_1.jpg"))
    first, *others = extract_many(service, *[photo] * MAX_EXTRACTED_IMAGES)
    assert first["face_count"] == 1
    assert others == [first] * (MAX_EXTRACTED_IMAGES - 1)


# What an envelope says of a photo alone, by what is wrong with it.
BAD_IMAGES = {
    "not base64": {"image": "!"},
    "empty": {"image": ""},
    "no image": in_base64(b"no image"),
    "a private address": {"image": "http://127.0.0.1:1/", "image_type": "url"},
    "no URL": {"image": "AAAA", "image_type": "url"},
    "nobody": in_base64(NOBODY),
}


@pytest.mark.parametrize("part", [0.02, 0.5, 0.93])
def test_bad_photos_spoil_nothing_and_get_what_they_get_alone(
    service: httpx.Client, read_photo: ReadPhoto, part: float
) -> None:
    """Every kind of damage and of bad input in one request, between good photos."""
    good = in_base64(read_photo("person_a_1.jpg"))
    image = Image.open(io.BytesIO(read_photo("impostor_2.jpg"))).reduce(2)
    data = encode(image, "JPEG", quality=90)
    rng = np.random.default_rng(7)
    damaged = [in_base64(damage(data, part, rng)) for damage in DAMAGES.values()]
    images = [good, *damaged, *BAD_IMAGES.values(), good]
    assert len(images) == MAX_EXTRACTED_IMAGES
    results = extract_many(service, *images)
    assert results[0] == results[-1]
    assert results[0]["face_count"] == 1
    for sent, result in zip(images, results, strict=True):
        alone = service.post(SINGLE, json=sent).json()
        if "error" not in alone:
            assert result["error"] is None
            assert result["warnings"] == alone["warnings"]
            assert [face["embedding"] for face in result["faces"]] == [alone["embedding"]]
        elif alone["error"]["code"] == "NO_FACE_DETECTED":
            # Of one photo among many this is no error.
            assert (result["face_count"], result["faces"], result["error"]) == (0, [], None)
            assert result["warnings"] == (alone["error"]["details"] or {}).get("warnings", [])
        else:
            assert result["error"] == alone["error"]
            assert (result["faces"], result["model"]) == ([], None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"images": []}, "images"),
        ({"images": [{"image": "AAAA"}] * 17}, "images"),
        ({"images": {"image": "AAAA"}}, "images"),
        ({"images": ["AAAA"]}, "images.0"),
        ({"images": [{"image": "AAAA"}, {}]}, "images.1.image"),
        ({"images": [{"image": "AAAA", "image_type": "file"}]}, "images.0.image_type"),
        ({"max_faces": 0}, "max_faces"),
        ({"max_faces": 101}, "max_faces"),
        ({"max_faces": 1.5}, "max_faces"),
        ({"min_face_px": -1}, "min_face_px"),
        ({"min_face_px": "40"}, "min_face_px"),
        ({"min_confidence": 1.1}, "min_confidence"),
        ({"min_confidence": None}, "min_confidence"),
        ({"align": 1}, "align"),
        ({"embedding_format": "hex"}, "embedding_format"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(
    service: httpx.Client, change: dict[str, Any], field: str
) -> None:
    answer = service.post(EXTRACT_MANY, json={"images": [{"image": "AAAA"}], **change})
    error = assert_error(answer, 422, "VALIDATION_ERROR")
    assert [f["field"] for f in error["details"]["fields"]] == [field]


def test_a_list_of_thousands_of_images_is_refused_soon(local_service: httpx.Client) -> None:
    for image in ({"image": "AAAA"}, {"image": 1}, {}, 1):
        answer = local_service.post(EXTRACT_MANY, json={"images": [image] * 30_000})
        error = assert_error(answer, 422, "VALIDATION_ERROR")
        assert len(error["details"]["fields"]) <= 17


def test_numbers_of_any_length_do_not_fit(service: httpx.Client) -> None:
    for field in ("max_faces", "min_confidence"):
        body = f'{{"images": [{{"image": "AAAA"}}], "{field}": {"9" * 5000}}}'
        headers = {"content-type": "application/json"}
        answer = service.post(EXTRACT_MANY, content=body, headers=headers)
        error = assert_error(answer, 422, "VALIDATION_ERROR")
        assert [f["field"] for f in error["details"]["fields"]] == [field]


def test_photos_that_make_the_answer_too_large_say_so_and_the_others_come(
    make_service: Callable[..., httpx.Client], read_photo: ReadPhoto
) -> None:
    limit = 60_000
    service = make_service(max_answer_bytes=limit)
    files = ("sample4.jpg", "sample5.jpg", "person_a_1.jpg", "sample1.jpg")
    images = [in_base64(read_photo(file)) for file in files]
    # Numbers of 5 faces are about 35 KB.
    body = {"images": images}
    answer = service.post(EXTRACT_MANY, json=body)
    assert answer.status_code == 200
    assert len(answer.content) < limit + 1000
    results = answer.json()["results"]
    assert [result["face_count"] for result in results] == [4, 0, 1, 3]
    error = results[1]["error"]
    assert error["code"] == "PAYLOAD_TOO_LARGE"
    assert error["details"] == {"limit_bytes": limit}
    for remedy in ("`embedding_format` `base64`", "`max_faces`", "fewer images"):
        assert remedy in error["message"]
    remedies: list[dict[str, Any]] = [{"embedding_format": "base64"}, {"max_faces": 1}]
    for options in remedies:
        again = service.post(EXTRACT_MANY, json={**body, **options}).json()["results"]
        assert [result["error"] for result in again] == [None] * 4


@pytest.mark.parametrize(("embedding", "fits"), [("A" * 2732, True), ([-0.123456789] * 512, False)])
def test_the_largest_answer_in_base64_fits_lambdas_limit(embedding: Any, fits: bool) -> None:
    """All 1,600 faces that a request may ask for."""
    face = {**example_of(PhotoFaces)["faces"][0], "embedding": embedding}  # type: ignore[index]
    photo = PhotoFaces.model_validate({**example_of(PhotoFaces), "faces": [face] * MAX_FACES})
    limit = int(VARIABLES["extract"]["MAX_ANSWER_BYTES"])
    sized = (photo, len(photo.model_dump_json()))
    results = limit_answer([sized] * MAX_EXTRACTED_IMAGES, limit)
    errors = [result.error for result in results if result.error]
    assert (errors == []) is fits
    assert all(isinstance(e, ErrorBody) and e.code == PayloadTooLarge.code for e in errors)
    response = ExtractManyResponse(results=results, model="m", processing_time_ms=1)
    assert len(json.dumps({"body": response.model_dump_json()})) < LAMBDA_BYTES - 1000
