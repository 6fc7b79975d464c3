"""Events in every shape that a gateway may send: each gets an answer in the envelope."""

import base64
import copy
import json
import random
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import pytest

from face_contract.errors import ErrorCode
from face_service.lambda_entry import LambdaHandler
from tests.conftest import Context, LoadEvent
from tests.support.paths import EVENT_DIR

Event: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str | int, ...]

# Photos take a while, and their events differ from malformed-v1 in nothing but the photo.
EVENTS = sorted(
    path.relative_to(EVENT_DIR).as_posix()
    for path in EVENT_DIR.rglob("*-v*.json")
    if not re.match("extract-embedding|match-faces", path.name)
)
ABSENT = object()
ODD_VALUES: tuple[object, ...] = (
    ABSENT,
    None,
    "",
    "x",
    "é\ud800",
    "/",
    "%zz%ff",
    "[2001:db8::1]:443",
    "443, 8443",
    True,
    7,
    -1.5,
    [],
    [None],
    ["x", None, 7],
    {},
    {"a": None, "": "b"},
    {"a": {"b": ["c"]}},
)
# What an event that lost or changed something may be answered with.
STATUSES = {200, 400, 404, 405, 413, 422}
UNEQUAL = {"load_time_seconds", "processing_time_ms", "status"}


def places(node: object, above: Place = ()) -> Iterator[Place]:
    """Returns where each value of an event is."""
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list):
        items = enumerate(node)
    for key, value in items:
        yield (*above, key)
        yield from places(value, (*above, key))


def change(event: Event, place: Place, value: object) -> None:
    """Sets or deletes a value; where an earlier change left no such place, does nothing."""
    node: Any = event
    for key in place[:-1]:
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(node, list) and isinstance(place[-1], int) and place[-1] < len(node):
        node[place[-1]] = value if value is not ABSENT else None
    elif isinstance(node, dict) and value is ABSENT:
        node.pop(place[-1], None)
    elif isinstance(node, dict):
        node[place[-1]] = copy.deepcopy(value)


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns the JSON of a well-formed answer, which must be the envelope if it is no success."""
    json.dumps(answer)
    assert answer["statusCode"] in STATUSES, answer
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["isBase64Encoded"] is False
    body: dict[str, Any] = json.loads(answer["body"])
    if answer["statusCode"] != 200:
        assert list(body) == ["error"]
        assert list(body["error"]) == ["code", "message", "details"]
        assert body["error"]["code"] in set(ErrorCode) - {ErrorCode.INTERNAL_ERROR}
    return body


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    return all(ours[key] == theirs[key] for key in theirs.keys() - UNEQUAL)


@pytest.mark.parametrize("name", EVENTS)
def test_no_value_of_an_event_makes_the_handler_raise(
    handlers: dict[str, LambdaHandler], load_event: LoadEvent, name: str
) -> None:
    handler, event = handlers[name.split("/", maxsplit=1)[0]], load_event(name)
    expected = body_of(handler(event, Context()))
    for place in places(event):
        for value in ODD_VALUES:
            changed = copy.deepcopy(event)
            change(changed, place, value)
            answer = handler(changed, Context())
            body = body_of(answer)
            # An answer of 200 is never that to another question.
            assert answer["statusCode"] != 200 or same(body, expected), (place, value)


@pytest.mark.parametrize("name", EVENTS)
def test_no_combination_of_values_makes_the_handler_raise(
    handlers: dict[str, LambdaHandler], load_event: LoadEvent, name: str
) -> None:
    handler, event = handlers[name.split("/", maxsplit=1)[0]], load_event(name)
    everywhere = list(places(event))
    dice = random.Random(name)
    for _ in range(300):
        changed = copy.deepcopy(event)
        changes = [
            (dice.choice(everywhere), dice.choice(ODD_VALUES)) for _ in range(dice.randint(2, 8))
        ]
        for place, value in changes:
            change(changed, place, value)
        body_of(handler(changed, Context()))


@pytest.mark.parametrize("event", [None, [], "", 7, {}, {"source": "aws.events"}, {"Records": []}])
def test_what_is_no_request_is_answered_with_404(
    handlers: dict[str, LambdaHandler], event: Any
) -> None:
    for handler in handlers.values():
        answer = handler(event, Context())
        assert answer["statusCode"] == 404
        assert body_of(answer)["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("hold_ms", [None, "x", -1, 1.5, [], True])
def test_a_ping_with_an_odd_hold_is_a_ping(
    handlers: dict[str, LambdaHandler], hold_ms: object
) -> None:
    answer = handlers["compare"]({"source": "warm-up", "hold_ms": hold_ms}, Context())
    assert answer["status"] == "warm"


def header(name: str, *values: str) -> Event:
    return {"headers": {name: values[-1]}, "multiValueHeaders": {name: list(values)}}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"headers": None, "multiValueHeaders": None}, 200),
        ({"headers": {"Host": None}, "multiValueHeaders": {"Host": None}}, 200),
        (header("Host", "[2001:db8::1]"), 200),
        (header("Host", "[2001:db8::1]:443"), 200),
        (header("Host", "example.com:https"), 200),
        (header("X-Forwarded-Port", "443", "8443"), 200),
        (header("X-Forwarded-Port", "443, 8443"), 200),
        ({"body": "A", "isBase64Encoded": True}, 422),
        ({"body": "AAA=A", "isBase64Encoded": True}, 422),
        ({"body": "é", "isBase64Encoded": True}, 422),
        ({"body": "", "isBase64Encoded": True}, 422),
        ({"body": None, "isBase64Encoded": True}, 422),
        ({"body": base64.b64encode(b"\xff{").decode(), "isBase64Encoded": True}, 422),
        ({"body": {"embedding1": []}}, 422),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_what_a_gateway_may_send_is_answered(
    handlers: dict[str, LambdaHandler],
    load_event: LoadEvent,
    version: str,
    changes: Event,
    status: int,
) -> None:
    event = {**load_event(f"compare/compare-faces-{version}.json"), **changes}
    answer = handlers["compare"](event, Context())
    assert answer["statusCode"] == status, answer["body"]
    if status == 422:
        assert body_of(answer)["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("path", [None, "", 7, "/elsewhere"])
def test_the_path_of_the_context_may_be_anything(
    handlers: dict[str, LambdaHandler], load_event: LoadEvent, path: object
) -> None:
    event = load_event("extract/health-v1.json")
    event["requestContext"]["path"] = path
    assert handlers["extract"](event, Context())["statusCode"] == 200


def test_a_body_that_lacks_its_base64_is_still_its_text(
    handlers: dict[str, LambdaHandler], load_event: LoadEvent
) -> None:
    event = load_event("compare/compare-faces-v1.json")
    expected = body_of(handlers["compare"](event, Context()))
    event["isBase64Encoded"] = True
    assert body_of(handlers["compare"](event, Context())) == expected
