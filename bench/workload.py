"""The requests of `make load`: real photos in several formats, comparisons, and invalid input."""

import base64
import io
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from face_contract.distance import DistanceMetric
from face_service.app import API_PREFIX
from tools.loopback_server import NOT_FOUND, Send, http_response, running

PHOTO_DIR = Path("tests/photos")
COMPARISON = Path("events/compare/compare-faces-v1.json")
LARGE_PX = 3000

# The weight of each route. The first does most of the work; the others run beside it.
ROUTE_WEIGHTS = {
    "extract-embedding": 40,
    "extract-embeddings": 5,
    "match-faces": 5,
    "compare-faces": 25,
    "health": 15,
    "model-info": 5,
    "warm-up": 5,
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request and its expected status."""

    name: str
    route: str
    status: int
    method: str
    path: str
    body: bytes | None = None


def build_requests(photo_address: str) -> list[Request]:
    """Returns all distinct requests.

    Args:
        photo_address: the address of `serve_photos`.
    """
    return [
        Request("health", "health", 200, "GET", f"{API_PREFIX}/health"),
        Request("model-info", "model-info", 200, "GET", f"{API_PREFIX}/model-info"),
        Request("warm-up", "warm-up", 200, "POST", f"{API_PREFIX}/warm-up"),
        *_photo_requests(),
        *_url_requests(photo_address),
        *_scans(photo_address),
        *_comparisons(),
    ]


def draw(requests: list[Request], count: int, seed: int) -> list[Request]:
    """Returns a random mix: routes by weight, the requests of a route with equal probability."""
    per_route = {route: [r for r in requests if r.route == route] for route in ROUTE_WEIGHTS}
    weights = [ROUTE_WEIGHTS[r.route] / len(per_route[r.route]) for r in requests]
    # Repeatable; not used for security.
    return random.Random(seed).choices(requests, weights, k=count)  # noqa: S311


def _photo_requests() -> Iterator[Request]:
    route = "extract-embedding"
    for name, status, photo, options in _photos():
        image = base64.b64encode(photo).decode()
        yield _post(name, route, status, route, image=image, **options)
    small = base64.b64encode(_read("person_a_1.jpg")).decode()
    yield _post("data URL", route, 200, route, image=f"data:image/jpeg;base64,{small}")
    yield _post("not base64", route, 400, route, image="!" * 100)
    yield _post("no image", route, 422, route)


def _photos() -> Iterator[tuple[str, int, bytes, dict[str, Any]]]:
    small, portrait, group = (_read(f) for f in ("person_a_1.jpg", "person_b_1.jpg", "sample5.jpg"))
    yield "small", 200, small, {}
    yield "small, not aligned", 200, small, {"align": False}
    yield "portrait", 200, portrait, {}
    yield "portrait, cut off", 400, portrait[: len(portrait) // 2], {}
    yield "portrait, PNG", 200, encode_photo("person_a_2.jpg", "PNG"), {}
    yield "portrait, WebP", 200, encode_photo("impostor_1.jpg", "WEBP"), {}
    yield "portrait, GIF", 200, encode_photo("person_b_2.jpg", "GIF"), {}
    yield "portrait, AVIF", 200, encode_photo("impostor_2.jpg", "AVIF"), {}
    yield "large", 200, encode_photo("impostor_2.jpg", "JPEG", LARGE_PX), {}
    yield "group", 200, group, {"enforce_detection": False}
    yield "group, one face enforced", 400, group, {}
    nobody = io.BytesIO()
    Image.linear_gradient("L").save(nobody, "JPEG")
    yield "nobody", 200, nobody.getvalue(), {"enforce_detection": False}
    yield "nobody, a face enforced", 400, nobody.getvalue(), {}


def _url_requests(address: str) -> Iterator[Request]:
    route = "extract-embedding"
    for name, status, url in (
        ("small by URL", 200, f"{address}/person_a_1.jpg"),
        ("portrait by URL", 200, f"{address}/person_a_2.jpg"),
        ("missing by URL", 400, f"{address}/missing.jpg"),
        ("private address", 400, "http://10.0.0.1/photo.jpg"),
    ):
        yield _post(name, route, status, route, image=url, image_type="url")


def _scans(address: str) -> Iterator[Request]:
    """Requests with many photos; some of them cannot be used."""
    files = ("person_a_1.jpg", "sample5.jpg", "impostor_1.jpg", "missing.jpg")
    urls = [{"image": f"{address}/{file}", "image_type": "url"} for file in files]
    photos = [{"image": base64.b64encode(_read(file)).decode()} for file in files[:3]]
    bad = {"image": "!" * 100}
    person = json.loads(json.loads(COMPARISON.read_text("utf-8"))["body"])["embedding1"]
    route = "extract-embeddings"
    yield _post("several", route, 200, route, images=[*photos, bad])
    yield _post("several by URL", route, 200, route, images=urls, embedding_format="base64")
    yield _post("no images", route, 422, route, images=[])
    route = "match-faces"
    yield _post("person in several", route, 200, route, embedding=person, images=[*photos, bad])
    yield _post("person in several by URL", route, 200, route, embedding=person, images=urls)
    yield _post("zeros in several", route, 400, route, embedding=[0] * 512, images=urls)
    mismatch = {"embedding": person, "model": "other-00000000/yunet/similarity"}
    yield _post("another model", route, 409, route, **mismatch, images=urls)


def _comparisons() -> Iterator[Request]:
    route = "compare-faces"
    pair = json.loads(json.loads(COMPARISON.read_text("utf-8"))["body"])
    for metric in DistanceMetric:
        yield _post(metric, route, 200, route, **{**pair, "distance_metric": metric})
    yield _post("zeros", route, 400, route, **{**pair, "embedding2": [0] * 512})
    models = {"model1": "one-00000000/yunet/box", "model2": "other-00000000/yunet/box"}
    yield _post("models that differ", route, 409, route, **pair, **models)
    yield _post("bad threshold", route, 422, route, **{**pair, "threshold": -1})


def _post(name: str, route: str, status: int, path: str, **content: object) -> Request:
    body = json.dumps(content).encode()
    return Request(name, route, status, "POST", f"{API_PREFIX}/{path}", body)


def _read(file: str) -> bytes:
    return (PHOTO_DIR / file).read_bytes()


def encode_photo(file: str, form: str, side_px: int | None = None) -> bytes:
    """Returns a test photo in another format; its longer side is `side_px` if that is given."""
    image = Image.open(PHOTO_DIR / file).convert("RGB")
    if side_px:
        scale = side_px / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    encoded = io.BytesIO()
    image.save(encoded, form)
    return encoded.getvalue()


@contextmanager
def serve_photos() -> Iterator[str]:
    """Serves the test photos on loopback; yields the host with its port."""
    with running(_send_photo) as server:
        yield server.host


def _send_photo(path: str, send: Send) -> None:
    file = PHOTO_DIR / Path(path).name
    send(http_response(file.read_bytes()) if file.is_file() else NOT_FOUND)
