"""Detection worth the name: tight crops, small faces, turned and tilted photos."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from face_contract.distance import DistanceMetric, compare
from tests.conftest import Extract, ReadPhoto
from tests.support import photo_files
from tests.support.labels import GROUP_FACES, PORTRAITS, Portrait

ByFile = pytest.mark.parametrize("portrait", PORTRAITS, ids=lambda p: p.file)


def encode(image: Image.Image) -> bytes:
    return photo_files.encode(image, "JPEG", quality=95)


def distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    return compare(one["embedding"], other["embedding"], DistanceMetric.COSINE).distance


def open_portrait(read_photo: ReadPhoto, portrait: Portrait) -> Image.Image:
    return Image.open(io.BytesIO(read_photo(portrait.file))).convert("RGB")


def contains(area: dict[str, int], point: tuple[float, float]) -> bool:
    x, y = point
    return area["x"] < x < area["x"] + area["w"] and area["y"] < y < area["y"] + area["h"]


@pytest.fixture(scope="module")
def whole(extract_locally: Extract, read_photo: ReadPhoto) -> dict[str, dict[str, Any]]:
    """The answers for the portraits as they are, by file."""
    images = {portrait.file: open_portrait(read_photo, portrait) for portrait in PORTRAITS}
    return {file: extract_locally(encode(image)) for file, image in images.items()}


@ByFile
@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_turned_photos_have_the_embedding_of_the_upright_one(
    extract_locally: Extract,
    whole: dict[str, dict[str, Any]],
    read_photo: ReadPhoto,
    portrait: Portrait,
    quarter_turns: int,
) -> None:
    image = open_portrait(read_photo, portrait)
    answer = extract_locally(encode(image.rotate(90 * quarter_turns, expand=True)))
    assert answer["face_count"] == 1
    assert distance(answer, whole[portrait.file]) < 0.05
    # Where the eyes are in the sent photo.
    width, height = image.size
    for x, y in (portrait.right_eye, portrait.left_eye):
        turned = {1: (y, width - x), 2: (width - x, height - y), 3: (height - y, x)}
        assert contains(answer["facial_area"], turned[quarter_turns])


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
@pytest.mark.parametrize(("file", "count"), GROUP_FACES.items())
def test_turned_groups_are_counted(
    extract_locally: Extract, read_photo: ReadPhoto, file: str, count: int, quarter_turns: int
) -> None:
    image = Image.open(io.BytesIO(read_photo(file)))
    photo = encode(image.rotate(90 * quarter_turns, expand=True))
    assert extract_locally(photo, enforce_detection=False)["face_count"] == count


@ByFile
@pytest.mark.parametrize("enlarged", [1, 5], ids=["as it is", "enlarged"])
@pytest.mark.parametrize("margin", [0.1, 0.0, -0.1], ids=["around", "at the border", "within"])
def test_a_face_that_fills_the_frame(
    extract_locally: Extract,
    whole: dict[str, dict[str, Any]],
    read_photo: ReadPhoto,
    *,
    portrait: Portrait,
    enlarged: int,
    margin: float,
) -> None:
    image = open_portrait(read_photo, portrait)
    area = whole[portrait.file]["facial_area"]
    x_margin, y_margin = round(margin * area["w"]), round(margin * area["h"])
    crop = image.crop(
        (
            area["x"] - x_margin,
            area["y"] - y_margin,
            area["x"] + area["w"] + x_margin,
            area["y"] + area["h"] + y_margin,
        )
    )
    crop = crop.resize((crop.width * enlarged, crop.height * enlarged), Image.Resampling.BICUBIC)
    answer = extract_locally(encode(crop))
    assert answer["face_count"] == 1
    assert distance(answer, whole[portrait.file]) < 0.5


@ByFile
@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_face_that_the_border_cuts(
    extract_locally: Extract,
    whole: dict[str, dict[str, Any]],
    read_photo: ReadPhoto,
    portrait: Portrait,
    side: str,
) -> None:
    image = open_portrait(read_photo, portrait)
    area = whole[portrait.file]["facial_area"]
    cut = {
        "left": (area["x"] + area["w"] // 6, 0, image.width, image.height),
        "right": (0, 0, area["x"] + area["w"] * 5 // 6, image.height),
        "top": (0, area["y"] + area["h"] // 6, image.width, image.height),
        "bottom": (0, 0, image.width, area["y"] + area["h"] * 5 // 6),
    }
    answer = extract_locally(encode(image.crop(cut[side])))
    assert answer["face_count"] == 1
    assert distance(answer, whole[portrait.file]) < 0.5
    found = answer["facial_area"]
    assert found["x"] + found["w"] <= cut[side][2] - cut[side][0]
    assert found["y"] + found["h"] <= cut[side][3] - cut[side][1]


@ByFile
def test_a_60_pixel_face_in_a_large_photo(
    extract_locally: Extract,
    whole: dict[str, dict[str, Any]],
    read_photo: ReadPhoto,
    portrait: Portrait,
) -> None:
    image = open_portrait(read_photo, portrait)
    scale = 60 / whole[portrait.file]["facial_area"]["w"]
    small = image.resize((round(image.width * scale), round(image.height * scale)))
    random = np.random.default_rng(0)
    clouds = Image.fromarray(random.integers(90, 160, (24, 32, 3), np.uint8))
    photo = clouds.resize((3000, 2250), Image.Resampling.BICUBIC)
    photo.paste(small, (2000, 700))
    answer = extract_locally(encode(photo))
    assert answer["face_count"] == 1
    x, y = portrait.right_eye
    assert contains(answer["facial_area"], (2000 + x * scale, 700 + y * scale))
    assert answer["facial_area"]["w"] == pytest.approx(60, abs=15)


@ByFile
def test_a_100_pixel_image(
    extract: Extract, whole: dict[str, dict[str, Any]], read_photo: ReadPhoto, portrait: Portrait
) -> None:
    image = open_portrait(read_photo, portrait)
    image.thumbnail((100, 100))
    answer = extract(encode(image))
    assert answer["face_count"] == 1
    assert distance(answer, whole[portrait.file]) < 0.68


@ByFile
@pytest.mark.parametrize("degrees", [-30, -15, 15, 30])
def test_a_tilted_face(
    extract_locally: Extract,
    whole: dict[str, dict[str, Any]],
    read_photo: ReadPhoto,
    portrait: Portrait,
    degrees: int,
) -> None:
    image = open_portrait(read_photo, portrait)
    answer = extract_locally(encode(image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)))
    assert answer["face_count"] == 1
    # The first portrait has 32 px between the eyes: turning its pixels costs it more.
    tolerance = 0.5 if portrait.file == "person_a_1.jpg" else 0.1
    assert distance(answer, whole[portrait.file]) < tolerance
