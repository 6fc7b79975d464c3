"""From the published files to an answer over HTTP, without any network."""

import base64
import socket
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from face_engine.model.catalog import sha256_of, source_of
from face_engine.model.certificate import MARGINS_PX
from face_service.settings import Settings
from functions.local.app import create
from tests.conftest import ReadPhoto
from tests.support.baked import BakedModel, bake_model
from tests.support.many import extract_many, in_base64, match_many

# The first of them bakes, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def baked() -> BakedModel:
    return bake_model()


@pytest.fixture(scope="module")
def attempts() -> Iterator[list[object]]:
    """Whom anybody tried to reach: names and addresses."""
    tried: list[object] = []

    def refuse(*arguments: object, **_: object) -> Any:
        tried.append(arguments)
        raise OSError("there is no network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        yield tried


@pytest.fixture(scope="module")
def service(
    baked: BakedModel, attempts: list[object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    # What deepface would look for is nowhere; if it looked, it would download.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DEEPFACE_HOME", str(tmp_path_factory.mktemp("home")))
        settings = Settings(face_model="arcface", model_dir=baked.folder)
        with TestClient(create(settings, baked.catalog)) as client:
            yield client
    assert attempts == []


def test_it_is_loaded_and_says_of_what(service: httpx.Client, baked: BakedModel) -> None:
    health = service.get("/api/v1/health").json()
    assert (health["model"], health["model_loaded"]) == ("ArcFace", True)
    info = service.get("/api/v1/model-info").json()
    assert (info["detector"], info["alignment"]) == ("retinaface", "deepface")
    artifacts = baked.catalog.models["arcface"].artifacts
    assert info["weights"] == [
        {
            "file": source_of(weights).file,
            "sha256": source_of(weights).sha256,
            "baked_sha256": sha256_of(baked.folder / weights.file),
        }
        for weights in baked.entry.weights
    ]
    assert info["retinaface_margin_px"] in MARGINS_PX
    assert {engine["name"] for engine in info["inference_engines"]} > {"deepface", "retina-face"}
    assert info["model_identity"].startswith(f"arcface-{artifacts[0].sha256[:8]}/retinaface/")


@pytest.mark.parametrize("align", [True, False])
def test_a_photo_becomes_an_embedding(
    service: httpx.Client, read_photo: ReadPhoto, align: bool
) -> None:
    photo = base64.b64encode(read_photo("impostor_2.jpg")).decode()
    body = {"image": photo, "enforce_detection": False, "align": align}
    answer = service.post("/api/v1/extract-embedding", json=body).json()
    assert len(answer["embedding"]) == 512
    assert np.isfinite(answer["embedding"]).all()
    assert answer["face_count"] == 1
    assert answer["model"].endswith("/deepface" if align else "/deepface-box")
    area = answer["facial_area"]
    assert 0 <= area["x"] < area["x"] + area["w"] <= 747
    assert 0 <= area["y"] < area["y"] + area["h"] <= 900


@pytest.mark.parametrize("alignment", ["deepface", "similarity"])
@pytest.mark.parametrize("detector", ["retinaface", "yunet"])
def test_many_photos_have_the_landmarks_that_the_detector_gives(
    baked: BakedModel, read_photo: ReadPhoto, detector: str, alignment: str
) -> None:
    settings = Settings(
        face_model="arcface", model_dir=baked.folder, detector=detector, alignment=alignment
    )
    with TestClient(create(settings, baked.catalog)) as client:
        photo = in_base64(read_photo("impostor_2.jpg"))
        alone = client.post("/api/v1/extract-embedding", json=photo).json()
        (result,) = extract_many(client, photo)
        (match,) = match_many(client, alone["embedding"], photo, model=alone["model"])
        (box,) = extract_many(client, photo, align=False)
    assert result["model"] == alone["model"]
    assert match["distance"] < 1e-5
    (face,) = result["faces"]
    for key in ("embedding", "face_confidence", "facial_area"):
        assert face[key] == alone[key]
    # DeepFace's client of YuNet gives only the eyes.
    has_all = (detector, alignment) != ("yunet", "deepface")
    given = [name for name, point in face["landmarks"].items() if point is not None]
    assert given == [name for name in face["landmarks"] if has_all or name.endswith("eye")]
    for name, marked in (("right_eye", (313, 323)), ("left_eye", (451, 313))):
        point = face["landmarks"][name]
        assert np.hypot(point["x"] - marked[0], point["y"] - marked[1]) < 30
    quality = face["quality"]
    assert (quality["yaw_degrees"] is not None) is has_all
    assert quality["sharpness"] > 100
    assert abs(quality["roll_degrees"]) < 15
    assert box["model"] != result["model"]
    assert box["faces"][0]["quality"]["sharpness"] == pytest.approx(quality["sharpness"], rel=0.5)
