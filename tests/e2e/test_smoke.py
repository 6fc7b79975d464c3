"""`make smoke` against the real local server, and against others that it must not take for good."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from face_contract.errors import ErrorCode
from face_service.settings import Settings
from functions.local.app import create
from tests.support.paths import MODEL_DIR, ROOT
from tools.api_gateway import gateway_response, serve
from tools.lambda_pool import free_port
from tools.loopback_server import http_response, redirect, running
from tools.smoke import BUDGET_S, CHECKS, REQUEST_ID

KEY = "k3y"
Mend = Callable[[str, Any], None]


class Front:
    """The real app behind a key, whose answers a test may change."""

    def __init__(self) -> None:
        self.app: ASGIApp = create(Settings(model_dir=MODEL_DIR))
        self.mend: Mend | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        key = dict(scope["headers"]).get(b"x-api-key", b"").decode()
        if key != KEY and not path.endswith("/health"):
            await gateway_response(ErrorCode.FORBIDDEN)(scope, receive, send)
            return
        parts: list[dict[str, Any]] = []

        async def keep(message: Any) -> None:
            parts.append(message)

        await self.app(scope, receive, keep)
        body = json.loads(b"".join(part.get("body", b"") for part in parts))
        if self.mend is not None:
            self.mend(path.rpartition("/")[2], body)
        answer = JSONResponse(body, parts[0]["status"], {REQUEST_ID: "3f6d1c52"})
        await answer(scope, receive, send)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Front, str]]:
    front = Front()
    with serve(front) as address:
        yield front, address


@pytest.fixture
def front(served: tuple[Front, str]) -> Front:
    served[0].mend = None
    return served[0]


@pytest.fixture
def address(served: tuple[Front, str], front: Front) -> str:
    del front
    return served[1]


def smoke(url: str, key: str = KEY) -> tuple[int, list[str]]:
    done = subprocess.run(
        ["make", "--no-print-directory", "smoke", f"URL={url}", f"KEY={key}"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUDGET_S + 20,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert KEY not in done.stdout
    return done.returncode, done.stdout.splitlines()


def last_check(lines: list[str]) -> str:
    """Returns the line of the check that failed, which is the last before the verdict."""
    assert lines[-1].startswith("BROKEN, after ")
    assert all(line.startswith("ok    ") for line in lines[:-2])
    assert lines[-2].startswith("FAIL  ")
    return lines[-2]


@pytest.mark.parametrize("suffix", ["", "/", "/api/v1", "/api/v1/"])
def test_a_good_service_passes_every_check(address: str, suffix: str) -> None:
    code, lines = smoke(address + suffix)
    assert code == 0, lines
    assert [re.split(r" {2,}", line)[1] for line in lines[:-1]] == list(CHECKS)
    assert all(re.match(r"ok    \S.{12,} +\d+ ms  \S", line) for line in lines[:-1])
    assert f"{REQUEST_ID} 3f6d1c52" in lines[-2]
    assert re.fullmatch(rf"good, after \d\.\d s: {address}", lines[-1])


def test_the_bundle_on_lambdas_runtime_passes(gateway: str) -> None:
    code, lines = smoke(gateway)
    assert code == 0, lines
    assert "photos of up to 4.7 MB" in lines[1]


def test_the_document_shows_what_it_prints() -> None:
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    shown = re.findall(r"^ok    (\S.*?) {2,}\d+ ms  \S", text, re.MULTILINE)
    assert shown == list(CHECKS)


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_wrong_key_is_told_at_the_first_check_that_needs_it(address: str, key: str) -> None:
    code, lines = smoke(address, key)
    assert code == 2
    assert len(lines) == 3
    assert "is KEY right" in last_check(lines)


def _never_loaded(path: str, body: Any) -> None:
    if path == "health":
        body["model_loaded"] = False


def _null_embedding(path: str, body: Any) -> None:
    if path == "extract-embedding":
        body["embedding"] = None


def _short_embedding(path: str, body: Any) -> None:
    if path == "extract-embedding" and "embedding" in body:
        body["embedding"].pop()


def _other_box(path: str, body: Any) -> None:
    if path == "extract-embedding" and "facial_area" in body:
        body["facial_area"]["x"] += 400


def _other_weights(path: str, body: Any) -> None:
    if path == "extract-embedding" and "model" in body:
        body["model"] = "arcface-00000000/yunet/similarity"


def _everybody_is_the_same(path: str, body: Any) -> None:
    if path == "compare-faces" and "is_same_person" in body:
        body["is_same_person"] = True


def _nobody_is_the_same(path: str, body: Any) -> None:
    if path == "compare-faces" and "is_same_person" in body:
        body["is_same_person"] = False


def _other_code(_path: str, body: Any) -> None:
    if "error" in body:
        body["error"]["code"] = "INTERNAL_ERROR"


def _other_envelope(_path: str, body: Any) -> None:
    if body.get("error", {}).get("code") == "INVALID_IMAGE":
        del body["error"]["details"]


@pytest.mark.parametrize(
    ("mend", "check"),
    [
        (_never_loaded, "health"),
        (_null_embedding, "extraction"),
        (_short_embedding, "extraction"),
        (_other_box, "extraction"),
        (_other_weights, "extraction"),
        (_nobody_is_the_same, "same face"),
        (_everybody_is_the_same, "other face"),
        (_other_code, "other model"),
        (_other_envelope, "errors"),
    ],
)
def test_a_service_that_is_wrong_fails_where_it_is_wrong(
    front: Front, address: str, mend: Mend, check: str
) -> None:
    front.mend = mend
    code, lines = smoke(address)
    assert code == 2
    assert last_check(lines).startswith(f"FAIL  {check} ")


def test_a_service_that_is_down_is_told_at_once() -> None:
    code, lines = smoke(f"http://127.0.0.1:{free_port()}")
    assert code == 2
    assert "no answer" in last_check(lines)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (http_response(b"<html>It works!</html>"), "not JSON"),
        (http_response(b'{"status": "UP"}'), "not healthy"),
        (http_response(b'{"status": "healthy"}'), "not what this API answers"),
        (http_response(b'["healthy"]'), "not what this API answers"),
        (http_response(b'{"detail": "Not Found"}', "404 Not Found"), "status 404"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no answer"),
    ],
)
def test_another_server_is_not_taken_for_this_one(content: bytes, reason: str) -> None:
    with running(lambda _path, send: send(content)) as server:
        code, lines = smoke(server.url)
    assert code == 2
    assert reason in last_check(lines)


def test_a_key_follows_no_redirect() -> None:
    with (
        running(lambda _path, send: send(http_response(b"{}"))) as other,
        running(lambda _path, send: send(redirect(other.url))) as server,
    ):
        code, lines = smoke(server.url)
    assert code == 2
    assert last_check(lines)
    assert len(server.requests) == 1
    assert other.requests == []


@pytest.mark.alone
def test_a_server_that_hangs_is_given_up_in_time() -> None:
    with running(lambda _path, _send: time.sleep(BUDGET_S + 1)) as server:
        code, lines = smoke(server.url)
    assert code == 2
    assert "timed out" in last_check(lines)
    assert re.match(rf"BROKEN, after {BUDGET_S:.0f}\.\d s", lines[-1])


def test_it_says_how_it_is_called() -> None:
    done = subprocess.run(["make", "smoke"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Usage: make smoke URL=" in done.stderr
    assert smoke("file:///etc/passwd")[0] == 2
