"""The load test itself, small: its figures, and that it notices what it looks for."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bench.load import Answer, Client, find_change, read_answer, run_load
from bench.load_report import Load, summarise
from bench.load_targets import Target
from bench.workload import ROUTE_WEIGHTS, Request, build_requests
from tests.local_server import Server, StartServer
from tests.paths import ROOT, subprocess_environment


@pytest.fixture
def small() -> Request:
    """Extracts from the smallest photo."""
    (request,) = (r for r in build_requests("http://127.0.0.1") if r.name == "small")
    return request


def ask(server: Server, request: Request) -> Answer:
    answer, error, _ = Client(server.port).send(request)
    assert answer is not None, error
    return answer


def alter(answer: Answer) -> Answer:
    """The same answer, but for one number and the least that it can change by."""
    assert isinstance(answer.content, dict)
    *others, last = answer.content["embedding"]
    embedding = [*others, math.nextafter(last, 2)]
    return Answer(answer.status, {**answer.content, "embedding": embedding})


@pytest.mark.parametrize("target", ["local", "pool"])
def test_all_answers_under_load_are_those_of_the_quiet_run(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.load", "--target", target, "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--requests", "60", "--concurrency", "4", "--seconds", "120"],
        cwd=ROOT,
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 of 60 requests" in done.stdout
    figures = json.loads((tmp_path / f"load_{target}.json").read_text())
    assert (figures["answered"], figures["errors"], figures["changed"]) == (60, 0, 0)
    assert figures["failures"] == {}
    routes = figures["routes"]
    assert set(routes) == set(ROUTE_WEIGHTS)
    assert sum(route["requests"] for route in routes.values()) == 60
    for route in routes.values():
        assert 0 < route["p50_ms"] <= route["p95_ms"] <= route["p99_ms"] <= route["max_ms"]
    # A Python process with a model in it, at least.
    assert figures["memory"]["peak_mb"] >= figures["memory"]["end_mb"] > 50
    with Image.open(tmp_path / f"load_{target}.png") as image:
        assert image.convert("L").getextrema() == (0, 255)


def test_one_altered_number_is_a_change(start_server: StartServer, small: Request) -> None:
    server = start_server()
    answer = ask(server, small)
    altered = alter(answer)
    assert find_change(answer, ask(server, small)) == ""
    assert find_change(answer, altered) == "another embedding"
    assert find_change(answer, Answer(400, answer.content)) == "status 400, not 200"

    target = Target(server.port, lambda: [server.process.pid])
    samples, memory = run_load(target, [small] * 4, {small.name: altered}, 2, 30)
    summary = summarise(Load("local", 2, 4, samples, samples, memory))
    assert summary.failures == {"small: another embedding": 8}
    assert not summary.is_clean


def test_times_are_no_change() -> None:
    bodies = [b'{"processing_time_ms": %d, "face_count": 1}' % time_ms for time_ms in (40, 50)]
    first, second = (read_answer(200, body) for body in bodies)
    assert find_change(first, second) == ""


def test_a_server_that_is_gone_is_an_error(start_server: StartServer, small: Request) -> None:
    server = start_server()
    quiet = {small.name: ask(server, small)}
    server.stop()
    target = Target(server.port, lambda: [server.process.pid])
    samples, memory = run_load(target, [small] * 4, quiet, 2, 30)
    assert all("ConnectionRefusedError" in sample.error for sample in samples)
    summary = summarise(Load("local", 2, 4, samples, samples, memory))
    assert summary.errors == 4
    assert not summary.is_clean
