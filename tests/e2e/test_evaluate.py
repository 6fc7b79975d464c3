"""The evaluation as a whole: the six portraits through the real model."""

import base64
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
import pytest
from PIL import Image

from bench.embedding import embed_images, measure_distances
from bench.evaluate import evaluate
from bench.pairs import InvalidPairs, Pair, read_pairs
from face_contract.distance import DistanceMetric
from face_engine.extractor import Extractor
from face_engine.faces import Extraction, ExtractionOptions, Photo
from face_service.settings import Settings
from tests.support.labels import PORTRAITS
from tests.support.paths import MODEL_DIR, PHOTO_DIR, subprocess_environment

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write_pairs(path: Path, *more: str) -> Path:
    """Writes all 15 pairs of the portraits: 2 of the same person, 13 of two people."""
    rows = [
        f"{a.file},{b.file},{int(a.person == b.person)}"
        for a, b in itertools.combinations(PORTRAITS, 2)
    ]
    path.write_text("\n".join(["image1,image2,same", *rows, *more]))
    return path


@pytest.fixture
def settings() -> Settings:
    return Settings(model_dir=MODEL_DIR)


def test_the_portraits_are_told_apart(settings: Settings, tmp_path: Path) -> None:
    pairs_file = write_pairs(tmp_path / "pairs.csv")
    evaluation = evaluate(pairs_file, PHOTO_DIR, tmp_path / "out", settings)
    pairs, images = evaluation.pairs, evaluation.images
    assert (pairs.same, pairs.different, pairs.used_same, pairs.used_different) == (2, 13, 2, 13)
    assert (images.files, images.embedded, images.excluded) == (6, 6, {})
    assert list(evaluation.metrics) == list(DistanceMetric)
    for result in evaluation.metrics.values():
        assert (result.default.accuracy, result.default.far, result.default.frr) == (1, 0, 0)
        assert (result.best.accuracy, result.equal_error_rate) == (1, 0)
        assert result.area_under_curve == pytest.approx(1)
        assert result.cross_validation is None


def test_results_and_plots_are_written(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    evaluation = evaluate(write_pairs(tmp_path / "pairs.csv"), PHOTO_DIR, out, settings)
    assert sorted(path.name for path in out.iterdir()) == [
        "distances.png",
        "results.json",
        "roc.png",
    ]
    for plot in out.glob("*.png"):
        assert plot.read_bytes().startswith(PNG_SIGNATURE)
        with Image.open(plot) as image:
            extremes = image.convert("L").getextrema()
        assert extremes == (0, 255)
    results = json.loads((out / "results.json").read_text())
    assert results["settings"]["face_model"] == "mobilefacenet"
    assert results["model"]["identity"] == "mobilefacenet-87aacdfe/yunet/similarity"
    hashes = results["model"]["weights_sha256"]
    assert hashes["fr_feature.onnx"].startswith("87aacdfe")
    assert set(results["metrics"]) == {"cosine", "euclidean", "euclidean_l2"}
    cosine = results["metrics"]["cosine"]
    assert cosine["default"]["threshold"] == 0.68
    assert cosine["best"]["threshold"] == evaluation.metrics[DistanceMetric.COSINE].best.threshold


def test_distances_are_those_of_the_service(
    settings: Settings,
    extractor: Extractor,
    make_service: Callable[..., httpx.Client],
    tmp_path: Path,
) -> None:
    pair = read_pairs(write_pairs(tmp_path / "pairs.csv"), PHOTO_DIR)[0]
    embedded = embed_images([pair.image1, pair.image2], extractor, settings)
    distances = measure_distances([pair], embedded.embeddings)
    with make_service() as service:
        vectors = []
        for file in (pair.image1, pair.image2):
            body = {
                "image": base64.b64encode(file.read_bytes()).decode(),
                "enforce_detection": False,
            }
            answer = service.post("/api/v1/extract-embedding", json=body)
            vectors.append(answer.json()["embedding"])
        for metric, values in distances.items():
            body = {
                "embedding1": vectors[0],
                "embedding2": vectors[1],
                "distance_metric": str(metric),
            }
            answer = service.post("/api/v1/compare-faces", json=body)
            assert values.tolist() == [pytest.approx(answer.json()["distance"], abs=1e-9)]


def make_odd_images(folder: Path) -> None:
    """Makes a copy of the portraits, and beside them four files that the service cannot embed."""
    folder.mkdir()
    for portrait in PORTRAITS:
        shutil.copy(PHOTO_DIR / portrait.file, folder)
    shutil.copy(PHOTO_DIR / "sample1.jpg", folder / "group.jpg")
    Image.new("RGB", (300, 300), "white").save(folder / "blank.png")
    Image.effect_noise((900, 900), 90).save(folder / "large.png")
    (folder / "text.jpg").write_text("not an image")
    (folder / "cut.jpg").write_bytes((folder / "impostor_1.jpg").read_bytes()[:20_000])


def test_images_without_an_embedding_are_told_and_their_pairs_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    make_odd_images(folder)
    names = ("blank.png", "large.png", "text.jpg", "cut.jpg")
    rows = [f"{name},impostor_2.jpg,{label}" for name, label in zip(names, "0101", strict=True)]
    pairs_file = write_pairs(tmp_path / "pairs.csv", *rows, "group.jpg,impostor_2.jpg,0")
    settings = Settings(model_dir=MODEL_DIR, max_image_bytes=500_000)
    assert (folder / "large.png").stat().st_size > settings.max_image_bytes
    evaluation = evaluate(pairs_file, folder, tmp_path / "out", settings)
    assert evaluation.images.excluded == {
        "blank.png": "NO_FACE_DETECTED",
        "large.png": "PAYLOAD_TOO_LARGE",
        "text.jpg": "INVALID_IMAGE",
        "cut.jpg": "NO_FACE_DETECTED",
    }
    assert evaluation.images.several_faces == ["group.jpg"]
    pairs = evaluation.pairs
    assert (pairs.same, pairs.different, pairs.used_same, pairs.used_different) == (4, 16, 2, 14)


def test_when_nothing_of_a_kind_is_left_it_is_said(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    make_odd_images(folder)
    pairs_file = tmp_path / "pairs.csv"
    rows = ["blank.png,impostor_1.jpg,1", "impostor_1.jpg,impostor_2.jpg,0"]
    pairs_file.write_text("\n".join(["image1,image2,same", *rows]))
    with pytest.raises(InvalidPairs, match="of 3 images 1 gave no embedding"):
        evaluate(pairs_file, folder, tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_each_image_is_embedded_once(
    settings: Settings, extractor: Extractor, tmp_path: Path
) -> None:
    class Counting:
        identity = extractor.identity
        calls = 0

        def extract(self, photo: Photo, options: ExtractionOptions) -> Extraction:
            self.calls += 1
            return extractor.extract(photo, options)

    counting = Counting()
    pairs: list[Pair] = read_pairs(write_pairs(tmp_path / "pairs.csv"), PHOTO_DIR)
    files = [file for pair in pairs for file in (pair.image1, pair.image2)]
    embedded = embed_images(files, counting, settings)
    assert counting.calls == len(embedded.embeddings) == 6


def run(pairs_file: Path, out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    paths = ["--pairs", str(pairs_file), "--images", str(PHOTO_DIR), "--out", str(out)]
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "bench.evaluate", *paths],
        env=subprocess_environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    done = run(write_pairs(tmp_path / "pairs.csv"), tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "model   mobilefacenet-87aacdfe/yunet/similarity" in done.stdout
    assert "pairs   2 of 2 of the same person, 13 of 13 of two people" in done.stdout
    assert "cosine       default      0.6800   100.00%    0.00%    0.00%" in done.stdout
    assert f"All figures and the plots are in {tmp_path / 'out'}." in done.stdout


@pytest.mark.parametrize(
    ("row", "variables", "sentence"),
    [
        ("../labels.py,impostor_1.jpg,0", {}, "line 17: image1 lies outside of the folder"),
        ("", {"FACE_MODEL": "none"}, "cannot start with this environment: FACE_MODEL"),
        ("", {"MODEL_DIR": "none"}, "`make weights FACE_MODEL=mobilefacenet` brings it"),
    ],
)
def test_a_fault_is_one_sentence(
    tmp_path: Path, row: str, variables: dict[str, str], sentence: str
) -> None:
    done = run(write_pairs(tmp_path / "pairs.csv", row), tmp_path / "out", **variables)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
