"""make quality: photos of three people, shrunk and blurred until nobody can be told apart."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.pairs import Pair
from bench.quality.steps import Seen, Step, blur_by, measure_step, see, shrink_to
from face_engine.extractor import Extractor
from face_engine.faces import Photo
from face_engine.photo import decode_image
from tests.support.paths import PHOTO_DIR, ROOT, subprocess_environment
from tests.support.processes import run_module

ONE, OTHER, STRANGER = (
    PHOTO_DIR / name for name in ("person_b_1.jpg", "person_b_2.jpg", "impostor_1.jpg")
)
PAIRS = [Pair(ONE, OTHER, True), Pair(ONE, STRANGER, False)]


@pytest.fixture(scope="module")
def photos() -> dict[Path, Photo]:
    return {file: decode_image(file.read_bytes(), 64_000_000) for file in (ONE, OTHER, STRANGER)}


@pytest.fixture(scope="module")
def originals(extractor: Extractor, photos: dict[Path, Photo]) -> dict[Path, Seen]:
    seen = {file: see(extractor, photo) for file, photo in photos.items()}
    return {file: face for file, face in seen.items() if face is not None}


def test_each_pair_is_measured_both_ways(
    extractor: Extractor, photos: dict[Path, Photo], originals: dict[Path, Seen]
) -> None:
    steps = [
        measure_step(
            "step",
            degrade,
            photos=photos,
            originals=originals,
            pairs=PAIRS,
            extractor=extractor,
        )
        for degrade in (blur_by(0), shrink_to(64), blur_by(0.02), blur_by(0.1))
    ]
    for step in steps:
        assert isinstance(step, Step)
        assert (step.photos, step.found) == (3, 3)
        assert (len(step.same), len(step.different)) == (2, 2)
    whole, small, soft, blurred = (step for step in steps if step is not None)
    assert small.face_px == pytest.approx(64, abs=4)
    assert blurred.face_px == pytest.approx(whole.face_px, rel=0.1)
    assert whole.sharpness > small.sharpness > soft.sharpness > blurred.sharpness
    assert whole.separates
    assert small.separates
    assert not blurred.separates
    # Both ways are the same pair of vectors if nothing was done.
    assert np.ptp(whole.same) < 1e-12


def test_a_face_is_not_enlarged(photos: dict[Path, Photo]) -> None:
    assert shrink_to(100)(photos[ONE].rgb, 99) is None
    shrunk = shrink_to(50)(photos[ONE].rgb, 100)
    assert shrunk is not None
    assert shrunk.shape[0] == photos[ONE].rgb.shape[0] // 2


def test_results_and_the_plot_are_written(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    rows = [f"{pair.image1.name},{pair.image2.name},{int(pair.same)}" for pair in PAIRS]
    pairs.write_text("\n".join(["image1,image2,same", *rows]))
    for file in (ONE, OTHER, STRANGER):
        Image.open(file).reduce(2).save(tmp_path / file.name, quality=95)
    paths = ("--pairs", pairs, "--images", tmp_path, "--out", tmp_path / "out")
    said = run_module("bench.quality", *paths)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results) == {"shrunk", "blurred"}
    for steps in results.values():
        for step in steps:
            assert f"| {step['label']} | {step['found']} of {step['photos']} |" in said
    assert (tmp_path / "out" / "quality.png").read_bytes().startswith(b"\x89PNG")


def test_photos_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("image1,image2,same\na.jpg,b.jpg,1\n")
    done = subprocess.run(
        [sys.executable, "-m", "bench.quality", "--pairs", pairs, "--images", PHOTO_DIR],
        cwd=ROOT,
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "line 2" in done.stderr
    assert "Traceback" not in done.stderr
