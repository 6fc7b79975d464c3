"""`make load`, small: it drives both targets, and notices an answer that is another."""

import json
from pathlib import Path

import pytest

from bench.load import Answer, find_change, run_quiet
from bench.load_targets import run_local
from bench.workload import ROUTE_WEIGHTS, build_requests, serve_photos
from tests.support.paths import MODEL_DIR, ROOT
from tests.support.processes import run_module


@pytest.mark.parametrize("target", ["local", "pool"])
def test_answers_under_load_are_those_of_the_quiet_run(target: str, tmp_path: Path) -> None:
    options = ("--requests", "80", "--concurrency", "4", "--out", tmp_path)
    run_module("bench.load", "--target", target, *options)
    figures = json.loads((tmp_path / f"load_{target}.json").read_text())
    assert figures["answered"] == 80
    assert (figures["errors"], figures["changed"]) == (0, 0)
    assert set(figures["routes"]) == set(ROUTE_WEIGHTS)
    for route in figures["routes"].values():
        assert 0 < route["p50_ms"] <= route["p95_ms"] <= route["p99_ms"] <= route["max_ms"]
    assert (tmp_path / f"load_{target}.png").stat().st_size > 10_000


def test_another_digit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(MODEL_DIR))
    monkeypatch.chdir(ROOT)
    with serve_photos() as photo_host, run_local(photo_host) as server:
        requests = [r for r in build_requests(f"http://{photo_host}") if r.name == "portrait"]
        quiet, _ = run_quiet(server.port, requests)
    answer = quiet["portrait"]
    assert isinstance(answer.content, dict)
    assert find_change(answer, Answer(200, {**answer.content})) == ""
    first, *others = answer.content["embedding"]
    changed = {**answer.content, "embedding": [first + 1e-9, *others]}
    assert find_change(answer, Answer(200, changed)) == "another embedding"
    assert find_change(answer, Answer(500, {})) == "status 500, not 200"
    del changed["face_count"]
    assert find_change(answer, Answer(200, changed)) == "another embedding, face_count"
