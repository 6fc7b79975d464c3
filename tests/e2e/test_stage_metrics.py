"""The times of an extraction's stages, as CloudWatch metrics, on Lambda's runtime."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx2 as httpx
import pytest

from face_contract.ping import make_ping
from face_contract.stages import Stage
from tests.conftest import LoadEvent, ReadPhoto, StartServer
from tools.lambda_pool import Environment, start_environment
from tools.loopback_server import http_response, running

EXTRACT = "extract-embedding"
METRICS = '"CloudWatchMetrics"'
# A photo in the body is not downloaded, and one from a URL is not in base64.
IN_BODY = set(Stage) - {Stage.DOWNLOAD}
BY_URL = set(Stage) - {Stage.BASE64}
# Before and after the time that the answer gives.
OUTSIDE = {Stage.PARSE, Stage.SERIALISE}
SEEN = {Stage.WAIT, Stage.PARSE}


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, and the lines of stages that the function wrote while it answered."""

    status: int
    body: Any
    metrics: list[dict[str, Any]]

    def stages(self) -> set[Stage]:
        """Returns the stages of the one line that was written."""
        (line,) = self.metrics
        return {stage for stage in Stage if stage.capitalize() in line}


Send: TypeAlias = Callable[..., Outcome]


def send_to(environment: Environment, event: dict[str, Any], path: str, body: object) -> Outcome:
    event = {**event, "path": f"/api/v1/{path}", "resource": f"/api/v1/{path}"}
    before = len(environment.log())
    answer = environment.invoke(json.dumps({**event, "body": json.dumps(body)}).encode()).json()
    lines = environment.log()[before:].splitlines()
    # Those of errors are in test_metrics.py.
    metrics = [json.loads(line) for line in lines if METRICS in line and "ColdStart" in line]
    return Outcome(answer["statusCode"], json.loads(answer["body"]), metrics)


@pytest.fixture(scope="module")
def send(load_event: LoadEvent) -> Iterator[Send]:
    """Sends a body to a path of one environment that has answered before."""
    event = load_event("extract/extract-embedding-v1.json")
    environment = start_environment("extract", DOWNLOAD_ALLOWED_HOSTS="127.0.0.1")
    send_to(environment, event, "warm-up", {})
    yield lambda body, path=EXTRACT: send_to(environment, event, path, body)
    environment.stop()


def in_base64(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def test_an_extraction_writes_one_line_with_every_stage(send: Send, read_photo: ReadPhoto) -> None:
    for _ in range(2):
        outcome = send({"image": in_base64(read_photo("person_b_1.jpg"))})
        assert outcome.status == 200
        assert outcome.stages() == IN_BODY
        (line,) = outcome.metrics
        spent_ms = {stage: line[stage.capitalize()][0] for stage in IN_BODY}
        assert min(spent_ms.values()) > 0
        within_ms = sum(ms for stage, ms in spent_ms.items() if stage not in OUTSIDE)
        assert within_ms <= outcome.body["processing_time_ms"] + 0.01
        # What is not in a stage is next to nothing, even on a busy machine.
        assert within_ms > outcome.body["processing_time_ms"] / 2


def test_the_line_holds_numbers_and_the_functions_name_only(
    send: Send, read_photo: ReadPhoto
) -> None:
    (line,) = send({"image": in_base64(read_photo("person_b_1.jpg"))}).metrics
    (declared,) = line.pop("_aws")["CloudWatchMetrics"]
    assert declared["Namespace"] == "face"
    assert declared["Dimensions"] == [["service"]]
    assert line.pop("service") == "extract"
    units = {metric["Name"]: metric["Unit"] for metric in declared["Metrics"]}
    assert units.pop("ColdStart") == "Count"
    assert set(units.values()) == {"Milliseconds"}
    assert line.pop("ColdStart") == [0]
    assert set(line) == set(units)
    assert all(isinstance(value, float) for (value,) in line.values())


def test_a_photo_by_url_is_downloaded_instead_of_decoded_from_base64(
    send: Send, read_photo: ReadPhoto
) -> None:
    photo = http_response(read_photo("person_b_1.jpg"))
    with running(lambda _path, reply: reply(photo)) as server:
        outcome = send({"image": f"{server.url}/photo", "image_type": "url"})
    assert outcome.status == 200
    assert outcome.stages() == BY_URL


def test_many_photos_write_one_line_too(send: Send, read_photo: ReadPhoto) -> None:
    photo = read_photo("person_b_1.jpg")
    with running(lambda _path, reply: reply(http_response(photo))) as server:
        by_url = {"image": f"{server.url}/photo", "image_type": "url"}
        images = [{"image": in_base64(photo)}, by_url, {"image": "!"}]
        for path, body in (
            ("extract-embeddings", {"images": images}),
            ("match-faces", {"images": images, "embedding": [1] * 512}),
        ):
            outcome = send(body, path)
            assert outcome.status == 200
            assert outcome.stages() == set(Stage)
    refused = send({"images": []}, "extract-embeddings")
    assert (refused.status, refused.metrics) == (422, [])


def test_an_error_has_the_stages_before_it_only(send: Send, read_photo: ReadPhoto) -> None:
    group = in_base64(read_photo("sample1.jpg"))
    for body, status, expected in (
        ({"image": "no base64!"}, 400, SEEN),
        ({"image": in_base64(b"no photo")}, 400, SEEN | {Stage.BASE64}),
        ({"image": group}, 400, SEEN | {Stage.BASE64, Stage.DECODE, Stage.DETECT}),
        ({"image": "http://127.0.0.1:1/", "image_type": "url"}, 400, {Stage.WAIT, Stage.PARSE}),
    ):
        outcome = send(body)
        assert outcome.status == status
        assert outcome.stages() == expected


def test_what_is_no_extraction_writes_nothing(send: Send) -> None:
    assert send({"image": 1}).status == 422
    assert send({"image": 1}).metrics == []
    warm_up = send({}, "warm-up")
    assert warm_up.status == 200
    assert warm_up.metrics == []


@pytest.mark.parametrize("is_pinged", [False, True])
def test_only_the_first_request_to_an_unwarmed_instance_is_a_cold_start(
    load_event: LoadEvent, read_photo: ReadPhoto, is_pinged: bool
) -> None:
    event = load_event("extract/extract-embedding-v1.json")
    body = {"image": in_base64(read_photo("person_b_1.jpg"))}
    environment = start_environment("extract", POWERTOOLS_METRICS_NAMESPACE="own-name")
    try:
        if is_pinged:
            environment.invoke(json.dumps(make_ping(0)).encode())
        outcomes = [send_to(environment, event, EXTRACT, body) for _ in range(2)]
    finally:
        environment.stop()
    lines = [line for outcome in outcomes for line in outcome.metrics]
    assert [line["ColdStart"] for line in lines] == [[0 if is_pinged else 1], [0]]
    assert {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in lines} == {"own-name"}


def test_the_local_server_writes_none(start_server: StartServer, read_photo: ReadPhoto) -> None:
    server = start_server()
    body = {"image": in_base64(read_photo("person_b_1.jpg"))}
    answer = httpx.post(f"{server.address}/api/v1/{EXTRACT}", json=body, timeout=60)
    assert answer.status_code == 200
    assert METRICS not in server.stop()
