"""Nothing that clients send is in a log or an error: canaries wherever they can write."""

import base64
import io
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
import pytest
from PIL import ExifTags, Image

from tests.conftest import LoadEvent, ReadPhoto, StartServer
from tests.support.photo_files import encode
from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import Pool, start_environment
from tools.loopback_server import NOT_FOUND, Send, http_response, redirect, running

EXTRACT = "/api/v1/extract-embedding"
COMPARE = "/api/v1/compare-faces"
EXTRACT_MANY = "/api/v1/extract-embeddings"
MATCH = "/api/v1/match-faces"
CANARY = "c4n4ry/of?a=person"
NUMBER = "0.42137421374213"


def forms(canary: str) -> set[str]:
    """Returns how text may look in a log: as it is, quoted, escaped, in base64 at any offset."""
    encoded = {
        base64.b64encode(b"x" * offset + canary.encode()).decode()[4 if offset else 0 : -4]
        for offset in range(3)
    }
    return {canary, quote(canary), quote(canary, safe=""), json.dumps(canary)[1:-1], *encoded}


def leaks(text: str) -> list[str]:
    """Returns what of the canaries is in a text; of the number some digits are enough."""
    # Of the text, parts that nobody else would write.
    wanted = {form for part in (CANARY, "c4n4ry", "a=person") for form in forms(part)}
    return [form for form in wanted | {NUMBER[:9]} if form in text]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, and the status that it must get."""

    status: int
    path: str
    content: object = None
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


def portrait(read_photo: ReadPhoto) -> str:
    """A photo that is valid, with canaries in its comment and its EXIF, in base64."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = CANARY
    exif[ExifTags.Base.Orientation] = 1
    with Image.open(io.BytesIO(read_photo("person_b_1.jpg"))) as photo:
        data = encode(photo, "JPEG", comment=CANARY.encode(), exif=exif)
    return base64.b64encode(data).decode()


def in_url(url: str) -> dict[str, str]:
    return {"image": url, "image_type": "url"}


def requests(photo: str) -> Iterator[Sent]:
    """All endpoints and errors, with canaries wherever a client can write."""
    headers = {"User-Agent": CANARY, "Cookie": f"id={CANARY}", "Authorization": CANARY}
    vector = [float(NUMBER)] * 512
    broken = base64.b64encode(b"\xff\xd8\xff\xe0" + CANARY.encode()).decode()
    key = quote(CANARY, safe="")
    for path in ("health", "model-info"):
        yield Sent(200, f"/api/v1/{path}?{key}={key}", method="GET", headers=headers)
    yield Sent(200, f"/api/v1/warm-up?{key}", {"x": CANARY}, headers=headers)
    yield Sent(200, EXTRACT, {"image": photo, CANARY: CANARY}, headers=headers)
    yield Sent(200, EXTRACT, {"image": f"data:{CANARY.split('=', maxsplit=1)[0]};base64,{photo}"})
    yield Sent(400, EXTRACT, {"image": broken})
    yield Sent(400, EXTRACT, {"image": f"{CANARY}!"})
    yield Sent(400, EXTRACT, {"image": f"data:{CANARY},"})
    for url in (
        f"http://127.0.0.1/{CANARY}",
        f"http://{key}:{key}@photos.example/",
        f"ftp://photos.example/{CANARY}",
        f"http://c4n4ry.invalid/{CANARY}",
        CANARY,
    ):
        yield Sent(400, EXTRACT, in_url(url))
    yield Sent(422, EXTRACT, {"image": [CANARY]})
    yield Sent(422, EXTRACT, {"image": photo, "align": CANARY})
    yield Sent(422, EXTRACT, {"image": photo, "image_type": CANARY})
    yield Sent(422, EXTRACT, f'{{"image": "{CANARY}",}}'.encode())
    yield Sent(422, EXTRACT, f'{{"{CANARY}": '.encode() * 5000)
    yield Sent(422, EXTRACT, CANARY.encode())
    yield Sent(413, EXTRACT, CANARY.encode() * 1_000_000)
    both = {"embedding1": vector, "embedding2": vector}
    yield Sent(200, COMPARE, both, headers=headers)
    yield Sent(400, COMPARE, {**both, "embedding2": vector[1:]})
    yield Sent(422, COMPARE, {**both, "embedding2": [*vector[1:], CANARY]})
    yield Sent(422, COMPARE, {**both, "threshold": -vector[0]})
    yield Sent(422, COMPARE, {**both, "distance_metric": CANARY})
    infinite = f"[{NUMBER}e999, {NUMBER}]"
    yield Sent(400, COMPARE, f'{{"embedding1": {infinite}, "embedding2": {infinite}}}'.encode())
    yield Sent(422, COMPARE, {**both, "model1": CANARY})
    yield Sent(422, COMPARE, {**both, "model2": f"{CANARY}/yunet/box"})
    urls = [in_url(url) for url in (f"http://127.0.0.1/{CANARY}", f"ftp://a.example/{CANARY}")]
    images = [{"image": photo, CANARY: CANARY}, {"image": broken}, {"image": CANARY}, *urls]
    yield Sent(200, EXTRACT_MANY, {"images": images, CANARY: CANARY}, headers=headers)
    yield Sent(422, EXTRACT_MANY, {"images": [*images, CANARY]})
    yield Sent(422, EXTRACT_MANY, {"images": images, "embedding_format": CANARY})
    yield Sent(422, EXTRACT_MANY, {"images": images, "max_faces": CANARY})
    yield Sent(422, EXTRACT_MANY, {"images": [{"image": [CANARY]}]})
    packed = base64.b64encode(struct.pack("<512f", *vector)).decode()
    for embedding in (vector, packed):
        yield Sent(200, MATCH, {"embedding": embedding, "images": images}, headers=headers)
    for embedding in (vector[1:], packed[4:], CANARY):
        yield Sent(400, MATCH, {"embedding": embedding, "images": images})
    yield Sent(422, MATCH, {"embedding": [*vector[1:], CANARY], "images": images})
    yield Sent(422, MATCH, {"embedding": vector, "images": images, "threshold": CANARY})
    yield Sent(422, MATCH, {"embedding": vector, "images": images, "model": CANARY})
    yield Sent(404, f"/{key}?{key}", method="GET", headers=headers)


def send_all(client: httpx.Client, photo: str) -> list[float]:
    """Sends everything; returns the embedding that came, the only thing that may."""
    embedding: list[float] = []
    for sent in requests(photo):
        body = sent.content if isinstance(sent.content, bytes) else json.dumps(sent.content)
        answer = client.request(
            sent.method,
            sent.path,
            content=None if sent.content is None else body,
            headers={"content-type": "application/json", **sent.headers},
        )
        assert answer.status_code == sent.status, (sent.path, answer.text[:300])
        assert leaks(answer.text) == []
        embedding = answer.json().get("embedding") or embedding
        if sent.path == EXTRACT_MANY and answer.status_code == 200:
            (face,) = answer.json()["results"][0]["faces"]
            # The same photo: so what is searched for in the log is that of both.
            assert face["embedding"] == embedding
    return embedding


def assert_nothing_is_in(log: str, embedding: list[float]) -> None:
    assert len(embedding) == 512
    assert leaks(log) == []
    # Eight characters of a number say enough of which it is.
    assert [number for number in embedding if str(number)[:8] in log] == []


def test_the_search_finds_what_it_looks_for() -> None:
    for form in (*forms(CANARY), *forms("a=person"), NUMBER, f"x{NUMBER}"):
        assert leaks(f"INFO: {form}\n"), form
    assert leaks("INFO: Application startup complete.\n") == []


def test_the_local_server_logs_nothing_of_it(
    start_server: StartServer, read_photo: ReadPhoto
) -> None:
    with served_photo(read_photo("person_b_1.jpg")) as host:
        server = start_server(LOG_LEVEL="DEBUG", DOWNLOAD_ALLOWED_HOSTS=host)
        with httpx.Client(base_url=server.address, timeout=30) as client:
            embedding = send_all(client, portrait(read_photo))
            for path, status in (("photo", 200), ("nothing", 400), ("away", 400)):
                url = f"http://{host}/{path}/{CANARY}&secret={CANARY}"
                answer = client.post(EXTRACT, json=in_url(url))
                assert answer.status_code == status
                assert leaks(answer.text) == []
                answer = client.post(EXTRACT_MANY, json={"images": [in_url(url)]})
                assert answer.status_code == 200
                assert (answer.json()["results"][0]["error"] is None) == (status == 200)
                assert leaks(answer.text) == []
    log = server.stop()
    assert "loaded MobileFaceNet" in log
    assert_nothing_is_in(log, embedding)


# All that make the function's libraries write more.
LOUD = {
    "LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOGGER_SAMPLE_RATE": "1",
    "POWERTOOLS_LOG_DEDUPLICATION_DISABLED": "true",
    "POWERTOOLS_DEV": "true",
    "POWERTOOLS_DEBUG": "true",
    "POWERTOOLS_TRACE_MIDDLEWARES": "true",
    "POWERTOOLS_TRACER_CAPTURE_RESPONSE": "true",
    "POWERTOOLS_TRACER_CAPTURE_ERROR": "true",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_LEVEL": "TRACE",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    "FASTAPI_ENV": "development",
    "PYTHONASYNCIODEBUG": "1",
}


def test_a_request_leaves_no_file(
    start_server: StartServer, read_photo: ReadPhoto, tmp_path: Path
) -> None:
    folders = [tmp_path / "home", tmp_path / "temporary"]
    for folder in folders:
        folder.mkdir()
    server = start_server(HOME=str(folders[0]), TMPDIR=str(folders[1]))
    with httpx.Client(base_url=server.address, timeout=30) as client:
        assert len(send_all(client, portrait(read_photo))) == 512
    assert sorted(tmp_path.rglob("*")) == folders


@pytest.mark.parametrize("variables", [{"LOG_LEVEL": "DEBUG"}, LOUD], ids=["debug", "loud"])
def test_the_functions_log_nothing_of_it(
    read_photo: ReadPhoto, load_event: LoadEvent, variables: dict[str, str]
) -> None:
    pools = {name: Pool([start_environment(name, **variables)]) for name in ("extract", "compare")}
    try:
        with (
            serve(create_gateway(pools)) as address,
            httpx.Client(base_url=address, timeout=30) as client,
        ):
            embedding = send_all(client, portrait(read_photo))
        for event in direct_events(load_event):
            answer = pools["extract"].invoke(json.dumps(event).encode())
            assert not answer.failed
            assert leaks(answer.payload.decode()) == []
        log = "".join(e.log() for pool in pools.values() for e in pool.environments)
    finally:
        for pool in pools.values():
            pool.stop()
    assert log.count("START RequestId") > 20
    assert_nothing_is_in(log, embedding)


def direct_events(load_event: LoadEvent) -> Iterator[dict[str, Any]]:
    """What the gateway of the tests would not let through."""
    health = load_event("extract/health-v1.json")
    yield {**health, "path": f"/{CANARY}", "resource": "/{proxy+}"}
    yield {**load_event("extract/malformed-v1.json"), "body": CANARY, "isBase64Encoded": True}
    yield {**health, "headers": {"Host": f"[::1]:{CANARY}"}, "multiValueHeaders": None}
    yield {**health, "httpMethod": CANARY}
    yield {CANARY: CANARY}


@contextmanager
def served_photo(photo: bytes) -> Iterator[str]:
    """Serves a photo below /photo/, leads away from /away/, and yields its host and port."""
    replies = {
        "photo": http_response(photo),
        "away": redirect(f"http://127.0.0.1:1/{quote(CANARY)}"),
    }

    def reply(path: str, send: Send) -> None:
        send(replies.get(path.split("/")[1], NOT_FOUND))

    with running(reply) as server:
        yield server.host
