"""The Python client before the real local server."""

import io
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from face_contract.distance import DEFAULT_THRESHOLDS
from face_embedding_client import (
    FaceClient,
    ImageRejected,
    ModelMismatch,
    MultipleFacesDetected,
    NoFaceDetected,
    PayloadTooLarge,
    RequestRejected,
    RetryPolicy,
    ServiceUnavailable,
)
from face_engine.processors import count_processors
from tests.conftest import ReadPhoto, StartServer
from tests.support.documents import code_blocks
from tests.support.labels import GROUP_FACES
from tests.support.paths import PHOTO_DIR, ROOT
from tests.support.vectors import cosine_distance
from tools.local_server import LocalServer
from tools.loopback_server import Send, http_response, running

MODEL = "mobilefacenet-87aacdfe/yunet/similarity"
PERSON, SAME, OTHER = (
    PHOTO_DIR / name for name in ("person_a_1.jpg", "person_a_2.jpg", "person_b_1.jpg")
)


@pytest.fixture
def client(server: LocalServer) -> Iterator[FaceClient]:
    with FaceClient(server.address) as client:
        yield client


@pytest.fixture
def wall() -> bytes:
    """A photo without a face."""
    file = io.BytesIO()
    Image.new("RGB", (320, 240), (180, 170, 160)).save(file, "PNG")
    return file.getvalue()


def test_an_embedding_is_that_of_the_service(client: FaceClient, server: LocalServer) -> None:
    found = client.extract_embedding(PERSON)
    assert found.embedding is not None
    assert (found.face_count, found.warnings) == (1, ())
    assert found.model == found.embedding.model == MODEL
    assert found.facial_area.w > 50
    (many,) = client.extract_embeddings([PERSON.read_bytes()]).results
    assert many.faces[0].embedding == found.embedding
    assert server.first_answer.status_code == 200


def test_all_faces_of_several_photos(client: FaceClient, wall: bytes) -> None:
    group = PHOTO_DIR / "sample1.jpg"
    results = client.extract_embeddings([group, b"not a photo", wall]).results
    assert [photo.face_count for photo in results] == [GROUP_FACES["sample1.jpg"], 0, 0]
    assert [photo.error and photo.error.code for photo in results] == [None, "INVALID_IMAGE", None]
    face = results[0].faces[0]
    assert face.landmarks.nose is not None
    assert face.quality.face_px == min(face.facial_area.w, face.facial_area.h)
    (largest,) = client.extract_embeddings([group], max_faces=1).results
    assert largest.faces == results[0].faces[:1]


def test_comparing_and_matching_agree(client: FaceClient, wall: bytes) -> None:
    person, same, other = (
        client.extract_embedding(photo).embedding for photo in (PERSON, SAME, OTHER)
    )
    assert person is not None
    assert same is not None
    assert other is not None
    compared = [client.compare(person, embedding) for embedding in (same, other)]
    assert [result.is_same_person for result in compared] == [True, False]
    assert compared[0].distance == pytest.approx(cosine_distance(person.vector, same.vector))
    answer = client.match_faces(person, [SAME, OTHER, wall, b"not a photo"])
    assert answer.threshold_used == DEFAULT_THRESHOLDS["cosine"]  # type: ignore[index]
    assert [match.is_same_person for match in answer.matches] == [True, False, False, False]
    for match, result in zip(answer.matches, compared, strict=False):
        assert match.distance == pytest.approx(result.distance, abs=1e-6)
    assert (answer.matches[2].distance, answer.matches[2].error) == (None, None)
    assert answer.matches[3].error is not None
    strict = client.compare(person, same, threshold=0.1, metric="euclidean_l2")
    assert (strict.is_same_person, strict.threshold_used) == (False, 0.1)


def test_embeddings_of_different_models_are_refused(client: FaceClient) -> None:
    embedding = client.extract_embedding(PERSON).embedding
    assert embedding is not None
    foreign = replace(embedding, model="arcface-6336979c/retinaface/deepface")
    with pytest.raises(ModelMismatch) as caught:
        client.compare(embedding, foreign)
    assert caught.value.status == 409
    assert caught.value.details == {"model1": MODEL, "model2": foreign.model}
    with pytest.raises(ModelMismatch):
        client.match_faces(foreign, [SAME])
    # Unaligned faces cannot be compared with aligned ones either.
    unaligned = client.extract_embedding(PERSON, align=False).embedding
    assert unaligned is not None
    with pytest.raises(ModelMismatch):
        client.compare(embedding, unaligned)
    # Of an old embedding the model may not be known.
    assert client.compare(embedding, replace(embedding, model=None)).is_same_person


def test_errors_have_their_types(client: FaceClient, wall: bytes) -> None:
    with pytest.raises(NoFaceDetected):
        client.extract_embedding(wall)
    assert client.extract_embedding(wall, enforce_detection=False).face_count == 0
    with pytest.raises(MultipleFacesDetected) as caught:
        client.extract_embedding(PHOTO_DIR / "sample1.jpg")
    assert caught.value.details == {"face_count": 3}
    with pytest.raises(ImageRejected, match="decoded"):
        client.extract_embedding(b"not a photo")
    with pytest.raises(ImageRejected) as refused:
        client.extract_embedding("http://127.0.0.1/photo.jpg")
    assert refused.value.code == "DOWNLOAD_FAILED"
    with pytest.raises(PayloadTooLarge):
        client.extract_embedding(bytes(10_485_761))
    with pytest.raises(RequestRejected) as invalid:
        client.extract_embeddings([])
    assert (invalid.value.code, invalid.value.status) == ("VALIDATION_ERROR", 422)


def test_health_and_model_info(client: FaceClient) -> None:
    health = client.health()
    assert (health.status, health.model_loaded, health.embedding_dimensions) == (
        "healthy",
        True,
        512,
    )
    info = client.model_info()
    assert info.model_identity == MODEL
    assert info.distance_metrics == dict(DEFAULT_THRESHOLDS)
    assert info.limits["max_image_bytes"] == 10_485_760
    assert isinstance(info.described["weights"], list)


def test_without_a_face_there_may_be_no_embedding(start_server: StartServer, wall: bytes) -> None:
    server = start_server(EMBED_WITHOUT_FACE="false")
    with FaceClient(server.address) as client:
        found = client.extract_embedding(wall, enforce_detection=False)
    assert (found.embedding, found.face_count) == (None, 0)


@contextmanager
def occupied(server: LocalServer) -> Iterator[None]:
    """Takes all slots of a server without a queue, by requests whose bodies do not come."""
    head = "POST /api/v1/extract-embedding HTTP/1.1\r\nHost: test\r\nContent-Length: 99\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(count_processors()):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            stack.enter_context(closing(connection)).sendall(head.encode())
        yield


def wait_for_refusal(client: FaceClient) -> None:
    """Asks until the server has taken in all that was sent before."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(ImageRejected):
            client.extract_embedding(b"not a photo")


def test_an_overloaded_service_is_asked_again_until_it_has_room(start_server: StartServer) -> None:
    server = start_server(MAX_WAITING="0")
    with (
        FaceClient(server.address, retries=RetryPolicy(retries=0)) as impatient,
        FaceClient(server.address, retries=RetryPolicy(retries=5)) as patient,
        ThreadPoolExecutor(1) as threads,
    ):
        with occupied(server):
            with pytest.raises(ServiceUnavailable) as caught:
                wait_for_refusal(impatient)
            assert (caught.value.code, caught.value.status) == ("OVERLOADED", 503)
            assert caught.value.retry_after_s == 1
            waiting = threads.submit(patient.extract_embedding, PERSON)
            # It is refused at least once.
            time.sleep(0.3)
            assert not waiting.done()
        assert waiting.result().face_count == 1


def test_a_service_that_takes_too_long_is_a_typed_error(
    start_server: StartServer, read_photo: ReadPhoto
) -> None:
    ended = threading.Event()

    def never(_: str, send: Send) -> None:
        ended.wait(30)
        send(http_response(read_photo("person_a_2.jpg")))

    with running(never) as photos:
        server = start_server(REQUEST_BUDGET_S="0.5", DOWNLOAD_ALLOWED_HOSTS=photos.host)
        with (
            FaceClient(server.address, retries=RetryPolicy(retries=1, base_s=0.01)) as client,
            pytest.raises(ServiceUnavailable) as caught,
        ):
            client.extract_embedding(f"http://{photos.host}/")
        assert (caught.value.code, caught.value.status) == ("TIMEOUT", 504)
        # Tried twice: the first attempt's download may still be open.
        assert photos.connections == 2
        ended.set()


def test_missing_weights_are_a_typed_error(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(MODEL_DIR=str(tmp_path))
    with (
        FaceClient(server.address, retries=RetryPolicy(retries=0)) as client,
        pytest.raises(ServiceUnavailable, match="make weights"),
    ):
        client.health()


def test_the_code_in_the_readme_runs(server: LocalServer, tmp_path: Path) -> None:
    text = (ROOT / "clients" / "python" / "README.md").read_text("utf-8")
    blocks = code_blocks(text, "python")
    assert blocks
    for name, photo in {"person.jpg": PERSON, "found.jpg": SAME}.items():
        shutil.copy(photo, tmp_path / name)
    code = "\n".join(blocks)
    assert "http://127.0.0.1:8001" in code
    done = subprocess.run(
        [sys.executable, "-c", code.replace("http://127.0.0.1:8001", server.address)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "same person: True" in done.stdout
