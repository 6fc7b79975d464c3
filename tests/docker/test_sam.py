"""`sam build`, `sam local invoke` and `sam local start-api`, as the documents name them."""

import base64
import json
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from face_service.lambda_entry import LambdaHandler
from tests.conftest import Context, LoadEvent
from tests.support.answers import assert_same_answer, same
from tests.support.paths import EVENT_DIR, IMAGE_EVENTS
from tests.support.sam import Sam

# The first test waits for the build.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def api(sam: Sam) -> Iterator[httpx.Client]:
    with sam.start_api() as address, httpx.Client(base_url=address, timeout=120) as client:
        yield client


@pytest.mark.parametrize("name", IMAGE_EVENTS)
def test_events_are_answered_as_in_process(
    sam: Sam, handlers: dict[str, LambdaHandler], load_event: LoadEvent, name: str
) -> None:
    ours = handlers[name.partition("/")[0]](load_event(name), Context())
    assert_same_answer(ours, sam.invoke(name))


def test_the_api_embeds_a_face_and_compares_it(
    api: httpx.Client, local_service: httpx.Client
) -> None:
    portrait = base64.b64encode((EVENT_DIR / "portrait.jpg").read_bytes()).decode()
    answers = [
        client.post("/api/v1/extract-embedding", json={"image": portrait})
        for client in (local_service, api)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    ours, theirs = (answer.json() for answer in answers)
    assert theirs["face_count"] == 1
    assert same(ours, theirs)
    pair = {"embedding1": ours["embedding"], "embedding2": theirs["embedding"]}
    compared = api.post("/api/v1/compare-faces", json=pair)
    assert compared.status_code == 200
    assert compared.json()["is_same_person"] is True
    assert compared.json()["distance"] < 1e-5


def test_the_apis_errors_are_in_the_envelope(
    api: httpx.Client, local_service: httpx.Client
) -> None:
    for path, body in (
        ("extract-embedding", {"image": base64.b64encode(b"no photo").decode()}),
        ("compare-faces", {"embedding1": [1.0], "embedding2": [1.0]}),
    ):
        ours = local_service.post(f"/api/v1/{path}", json=body)
        theirs = api.post(f"/api/v1/{path}", json=body)
        assert (theirs.status_code, theirs.json()) == (400, ours.json())
        assert theirs.headers["content-type"] == "application/json"
        assert json.loads(theirs.text)["error"]["code"].startswith("INVALID_")
