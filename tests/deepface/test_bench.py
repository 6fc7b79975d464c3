"""`make bench QUICK=1`, in pairs with the last commit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.speed.floor import record_calls
from bench.speed.photos import group_of, scale_portrait
from face_contract.stages import Stage
from face_engine.extractor import Extractor
from face_engine.faces import ExtractionOptions
from face_engine.photo import decode_image
from tests.conftest import ReadPhoto
from tests.support.processes import run_module

QUARTILES = ("low", "median", "high")


def summaries(part: Any) -> Iterator[dict[str, float]]:
    """Yields all summaries inside a part of the results."""
    if isinstance(part, dict):
        if set(QUARTILES) <= part.keys():
            yield part
        else:
            for value in part.values():
                yield from summaries(value)


@pytest.mark.timeout(600)
def test_a_quick_run_measures_every_part_and_both_commits(tmp_path: Path) -> None:
    said = run_module("bench.speed", "--quick", "--baseline", "HEAD", "--out", tmp_path)
    results = json.loads((tmp_path / "speed.json").read_text("utf-8"))
    assert results["commits"].keys() == {"present", "baseline"}
    assert results["commits"]["present"].startswith(results["commits"]["baseline"])
    assert results["machine"]["flags"].keys() >= {"avx2", "avx512f"}
    service = results["service"]["mobilefacenet"]
    growth = results["growth"]
    pairs = [
        service["model_load_s"],
        service["latency_ms"],
        service["portraits_and_groups_ms"],
        *service["photos_per_s_by_processors"].values(),
        results["cold_start"]["seconds"]["extract mobilefacenet"],
        results["cold_start"]["seconds"]["compare"],
        *growth["latency_ms_by_longer_side_px"].values(),
        *growth["latency_ms_by_faces"].values(),
        *(part["photos_per_s"] for part in growth["by_clients"].values()),
    ]
    for pair in pairs:
        assert pair["present"]["median"] > 0
        # The baseline is the same code or nearly; the machine may be busy.
        assert 0.1 < pair["present_to_baseline"]["median"] < 10
    for memory in service["memory_mb"].values():
        assert 30 < memory["loaded"] < memory["one_client_peak"] <= memory["peak"] < 2000
    assert set(Stage) - results["stages_ms"]["mobilefacenet"].keys() == {Stage.DOWNLOAD}
    floor = results["floor"]["mobilefacenet"]
    assert floor["service_to_networks"]["median"] > 0.8
    phases = results["cold_start_phases"]
    assert phases["imports"]["own_ms_by_package"]["fastapi"] > 0
    assert {"interpreter", "init", "imports", "model_load", "first_extraction"} <= set(
        phases["milliseconds"]["mobilefacenet"]
    )
    for summary in summaries(results):
        assert 0 < summary["low"] <= summary["median"] * (1 + 1e-9)
        assert summary["median"] <= summary["high"] * (1 + 1e-9)
        assert summary["rounds"] >= 1
    assert (tmp_path / "speed.md").read_text("utf-8") in said
    for plot in ("speed_stages.png", "speed_growth.png"):
        assert (tmp_path / plot).stat().st_size > 10_000


def test_the_networks_alone_are_those_that_an_extraction_calls(
    extractor: Extractor, read_photo: ReadPhoto
) -> None:
    photo = read_photo("impostor_2.jpg")
    calls = record_calls(extractor, photo)
    assert {call.method for call in calls} == {"detect", "embed"}
    (embed,) = (call for call in calls if call.method == "embed")
    expected = extractor.extract(decode_image(photo, 64_000_000), ExtractionOptions()).embedding
    assert embed.run() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("faces", [1, 4, 9, 16])
def test_a_group_shows_as_many_faces_as_it_should(extractor: Extractor, faces: int) -> None:
    photo = decode_image(group_of(faces), 64_000_000)
    assert len(extractor.find(photo, align=True).faces) == faces


@pytest.mark.parametrize("side", [320, 4000])
def test_a_scaled_portrait_has_its_size_and_one_face(extractor: Extractor, side: int) -> None:
    photo = decode_image(scale_portrait(side), 64_000_000)
    assert max(photo.width, photo.height) == side
    assert len(extractor.find(photo, align=True).faces) == 1
