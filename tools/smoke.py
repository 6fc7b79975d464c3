"""Checks a deployed service end to end, in about a second if it is warm.

    python -m tools.smoke --url URL      # with the environment variable KEY if it needs a key

Needs nothing but Python: no virtual environment, no package. It sends only the portrait in
`events/`, which is in the public domain.
"""

import argparse
import base64
import json
import math
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import Any, TypeAlias

PORTRAIT = Path(__file__).resolve().parents[1] / "events" / "portrait.jpg"
# Centre of its face, in pixels.
FACE_X, FACE_Y = 87, 84
PREFIX = "/api/v1"
DIMENSIONS = 512
# The whole check, in seconds.
BUDGET_S = 10.0
# The main client gives health 5 s, and then takes the service for dead.
MAX_HEALTH_MS = 5000
# Of a vector from itself.
MAX_DISTANCE = 1e-6
ENVELOPE = ["code", "message", "details"]
REQUEST_ID = "x-amzn-RequestId"
MAX_QUOTED = 200


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves redirects alone: they would take the key to another server."""

    def redirect_request(self, *_: object) -> None:
        """Returns no request to follow."""


OPENER = urllib.request.build_opener(_NoRedirects)


class CheckFailed(Exception):
    """The service did not do what it should; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the service.

    Attributes:
        body: parsed JSON.
        ms: time from the request to the end of the answer.
    """

    status: int
    headers: HTTPMessage
    body: Any
    ms: float


@dataclass(slots=True)
class Service:
    """The service under test, and what the checks have learnt about it."""

    url: str
    key: str
    deadline_s: float
    identity: str = ""
    embedding: list[float] = field(default_factory=list)

    def send(self, path: str, body: object = None) -> Answer:
        """Sends a request: POST with a body, else GET.

        Raises:
            CheckFailed: no answer came in time, or it is not JSON.
        """
        headers = {
            "Content-Type": "application/json",
            **({"x-api-key": self.key} if self.key else {}),
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{PREFIX}/{path}", data, headers)  # noqa: S310
        start = time.monotonic()
        left_s = self.deadline_s - start
        if left_s <= 0:
            raise CheckFailed(f"no time is left of the {BUDGET_S:.0f} s")
        try:
            try:
                reply = OPENER.open(request, timeout=left_s)
            except urllib.error.HTTPError as error:
                reply = error
            with reply:
                content = reply.read()
        except (OSError, HTTPException) as error:
            # Text of another protocol may have several lines.
            raise CheckFailed(f"no answer: {_quote(str(error))}") from None
        ms = (time.monotonic() - start) * 1000
        try:
            return Answer(reply.status, reply.headers, json.loads(content), ms)
        except ValueError:
            raise CheckFailed(f"status {reply.status}, and the body is not JSON") from None

    def ask(self, path: str, body: object = None) -> Answer:
        """Sends a request that must succeed.

        Raises:
            CheckFailed: it did not.
        """
        answer = self.send(path, body)
        if answer.status == HTTPStatus.FORBIDDEN:
            raise CheckFailed("status 403: is KEY right, and this network in AllowedCidrs?")
        if answer.status != HTTPStatus.OK:
            raise CheckFailed(f"status {answer.status}: {_quote(answer.body)}")
        return answer


Check: TypeAlias = Callable[[Service], tuple[float, str]]


def check_health(service: Service) -> tuple[float, str]:
    """Health answers within the main client's patience, and the model is loaded."""
    answer = service.ask("health")
    body = answer.body
    _expect(body["status"] == "healthy", f"it is not healthy: {_quote(body)}")
    _expect(body["model_loaded"] is True, "the model is not loaded")
    _expect(body["embedding_dimensions"] == DIMENSIONS, f"not 512 dimensions: {_quote(body)}")
    _expect(answer.ms < MAX_HEALTH_MS, f"it took {answer.ms:.0f} ms; the main client waits 5 s")
    return answer.ms, f"version {body['version']}, {body['model']}"


def check_model_info(service: Service) -> tuple[float, str]:
    """model-info names the model and the limits."""
    answer = service.ask("model-info")
    service.identity = str(answer.body["model_identity"])
    _expect(service.identity.count("/") == 2, f"no identity: {service.identity}")  # noqa: PLR2004
    limit_mb = answer.body["limits"]["max_base64_image_bytes"] / 1e6
    return answer.ms, f"{service.identity}, photos of up to {limit_mb:.1f} MB"


def check_extraction(service: Service) -> tuple[float, str]:
    """The face of the portrait is found and embedded."""
    image = base64.b64encode(PORTRAIT.read_bytes()).decode()
    answer = service.ask("extract-embedding", {"image": image})
    body = answer.body
    _expect(body["face_count"] == 1, f"the portrait has one face, not {body['face_count']}")
    x, y, w, h = (body["facial_area"][name] for name in "xywh")
    _expect(x < FACE_X < x + w and y < FACE_Y < y + h, f"the face is not at {body['facial_area']}")
    service.embedding = body["embedding"]
    _expect(len(service.embedding) == DIMENSIONS, f"{len(service.embedding)} numbers, not 512")
    _expect(all(map(math.isfinite, service.embedding)), "the embedding is not finite")
    _expect(any(service.embedding), "the embedding is zero")
    _expect(not body.get("warnings"), f"warnings: {_quote(body.get('warnings'))}")
    # A detector may have stood in for another.
    weights, _, alignment = service.identity.split("/")
    made_by = str(body["model"]).split("/")
    _expect((made_by[0], made_by[-1]) == (weights, alignment), f"embedded by {body['model']}")
    return answer.ms, f"one face, confidence {body['face_confidence']:.2f}"


def check_itself(service: Service) -> tuple[float, str]:
    """The portrait is the same person as itself."""
    both = {"embedding1": service.embedding, "embedding2": service.embedding}
    identities = {"model1": service.identity, "model2": service.identity}
    answer = service.ask("compare-faces", {**both, **identities})
    body = answer.body
    _expect(body["is_same_person"] is True, "the portrait is not the person that it shows")
    _expect(0 <= body["distance"] <= MAX_DISTANCE, f"distance {body['distance']} from itself")
    return answer.ms, f"distance {body['distance']:.1e}"


def check_stranger(service: Service) -> tuple[float, str]:
    """A vector that points the other way is another person."""
    opposite = [-number for number in service.embedding]
    both = {"embedding1": service.embedding, "embedding2": opposite, "threshold": 0.68}
    answer = service.ask("compare-faces", both)
    body = answer.body
    _expect(body["is_same_person"] is False, "opposite vectors are the same person")
    _expect(abs(body["distance"] - 2) <= MAX_DISTANCE, f"distance {body['distance']}, not 2")
    return answer.ms, f"distance {body['distance']:.1f}"


def check_mismatch(service: Service) -> tuple[float, str]:
    """Embeddings of different models are not compared."""
    models = {"model1": service.identity, "model2": "smoke-00000000/none/none"}
    both = {"embedding1": service.embedding, "embedding2": service.embedding}
    answer = service.send("compare-faces", {**both, **models})
    error = _read_error(answer, 409, "MODEL_MISMATCH")
    _expect(error["details"] == models, f"the details do not name both: {_quote(error)}")
    return answer.ms, "409 MODEL_MISMATCH"


def check_envelope(service: Service) -> tuple[float, str]:
    """Errors have the envelope."""
    answer = service.send("extract-embedding", {"image": "bm8gcGhvdG8="})
    _read_error(answer, 400, "INVALID_IMAGE")
    refused = service.send("extract-embedding")
    _read_error(refused, 405, "METHOD_NOT_ALLOWED")
    return answer.ms, "400 INVALID_IMAGE, 405 METHOD_NOT_ALLOWED"


def check_headers(service: Service) -> tuple[float, str]:
    """Answers are called JSON, and those of API Gateway can be found in its logs."""
    answer = service.ask("health")
    kind = answer.headers.get_content_type()
    _expect(kind == "application/json", f"Content-Type {kind}")
    request_id = answer.headers[REQUEST_ID]
    on_aws = ".amazonaws.com" in service.url
    _expect(bool(request_id) or not on_aws, f"API Gateway answers without {REQUEST_ID}")
    return answer.ms, f"{REQUEST_ID} {request_id}" if request_id else "no API Gateway in front"


CHECKS: dict[str, Check] = {
    "health": check_health,
    "model-info": check_model_info,
    "extraction": check_extraction,
    "same face": check_itself,
    "other face": check_stranger,
    "other model": check_mismatch,
    "errors": check_envelope,
    "headers": check_headers,
}


def run(service: Service) -> Iterator[tuple[str, bool]]:
    """Runs the checks until one fails: those after it would fail, too.

    Yields:
        A line for people, and whether the check succeeded.
    """
    for name, check in CHECKS.items():
        try:
            ms, found = check(service)
        except CheckFailed as error:
            yield f"FAIL  {name:<12} {error}", False
            return
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            yield f"FAIL  {name:<12} the answer is not what this API answers", False
            return
        yield f"ok    {name:<12} {ms:6.0f} ms  {found}", True


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckFailed(otherwise)


def _read_error(answer: Answer, status: int, code: str) -> dict[str, Any]:
    body = answer.body
    error: dict[str, Any] = body["error"] if isinstance(body, dict) and "error" in body else {}
    _expect(
        answer.status == status and error.get("code") == code,
        f"status {answer.status}, not {status} {code}: {_quote(body)}",
    )
    _expect(list(body) == ["error"] and list(error) == ENVELOPE, f"no envelope: {_quote(body)}")
    return error


def _quote(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}..."


def main() -> None:
    """Prints a line for each check; exits with 1 if one failed, with 2 if the URL is none."""
    parser = argparse.ArgumentParser(description="Checks a deployed service end to end.")
    parser.add_argument("--url", required=True, help="the stack's output ApiUrl")
    url: str = parser.parse_args().url.rstrip("/").removesuffix(PREFIX)
    if not url.startswith(("http://", "https://")):
        parser.error(f"{url} is no URL with http or https")
    start = time.monotonic()
    service = Service(url, os.environ.get("KEY", ""), start + BUDGET_S)
    outcomes = []
    for line, succeeded in run(service):
        print(line, flush=True)
        outcomes.append(succeeded)
    verdict = "good" if all(outcomes) else "BROKEN"
    print(f"{verdict}, after {time.monotonic() - start:.1f} s: {url}")
    sys.exit(0 if all(outcomes) else 1)


if __name__ == "__main__":
    main()
