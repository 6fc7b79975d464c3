"""Compares ArcFace three ways: DeepFace on TensorFlow, DeepFace on onnx, ours.

python -m bench.arcface --weights FOLDER --photo FILE

FOLDER contains the published `.h5` files and the files converted from them: `models` after
`make weights FACE_MODEL=arcface`.
Each way runs in a process of its own, in alternation. "load" includes the imports.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.process_memory import peak_mb, resident_mb

WARM_CALLS = 7
ROUNDS = 3
RESULTS = Path("bench/results/arcface.json")
BAKE_PYTHON = Path(os.environ.get("BAKE_VENV", ".venv-bake")).absolute() / "bin" / "python"
YUNET = "face_detection_yunet_2023mar_int8bq.onnx"
# The names under which DeepFace looks for weights.
LINKS = {
    "arcface_weights.h5": "arcface_weights.h5",
    "retinaface.h5": "retinaface.h5",
    "arcface_weights.onnx": "arcface_weights.onnx",
    "retinaface.onnx": "retinaface.onnx",
    YUNET: "face_detection_yunet_2023mar.onnx",
}
WAYS = ("tensorflow", "onnx", "ours")
# "skip" embeds a given crop without detection.
DETECTORS = ("skip", "yunet", "retinaface")


def measure(way: str, detector: str, folder: Path, photo: Path) -> dict[str, float]:
    """Measures one way in this process: seconds, milliseconds and MB."""
    start = time.perf_counter()
    call = load_ours(detector, folder, photo) if way == "ours" else load_deepface(detector, photo)
    load_s = time.perf_counter() - start
    loaded_mb = resident_mb()
    times = []
    for _ in range(1 + WARM_CALLS):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1000)
    return {
        "load_s": load_s,
        "first_ms": times[0],
        "warm_ms": statistics.median(times[1:]),
        "loaded_mb": loaded_mb,
        "peak_mb": peak_mb(),
    }


def load_deepface(detector: str, photo: Path) -> Callable[[], object]:
    """Loads DeepFace as its users do; environment variables choose its engine."""
    import cv2
    from deepface import DeepFace

    DeepFace.build_model("ArcFace")
    if detector != "skip":
        DeepFace.build_model(detector, task="face_detector")
    bgr = cv2.imread(str(photo))
    if detector == "skip" and bgr is not None:
        bgr = cv2.resize(bgr, (112, 112))
    options: dict[str, Any] = {"model_name": "ArcFace", "detector_backend": detector}
    return lambda: DeepFace.represent(bgr, enforce_detection=False, **options)


def load_ours(detector: str, folder: Path, photo: Path) -> Callable[[], object]:
    """Loads what the service loads."""
    import cv2

    if detector == "skip":
        from face_engine.deepface_compat.arcface import ArcFaceEmbedder
        from face_engine.deepface_compat.clients import ArcFace

        embedder = ArcFaceEmbedder(ArcFace(folder / "arcface_weights.onnx"))
        crop = cv2.resize(cv2.imread(str(photo)), (112, 112))  # type: ignore[arg-type]
        return lambda: embedder.embed(crop)  # type: ignore[arg-type]
    from face_engine.faces import ExtractionOptions
    from face_engine.model.catalog import CATALOG_FILE, read_catalog
    from face_engine.model.loader import ModelLoader
    from face_engine.photo import decode_image

    own = folder / "catalog.toml"
    catalog = read_catalog(own if own.exists() else CATALOG_FILE)
    extractor = ModelLoader("arcface", folder, detector, catalog=catalog).load().extractor
    decoded = decode_image(photo.read_bytes(), 64_000_000)
    return lambda: extractor.extract(decoded, ExtractionOptions(enforce_detection=False))


def run(way: str, detector: str, folder: Path, photo: Path) -> dict[str, float]:
    """Measures one way in a separate process."""
    with tempfile.TemporaryDirectory() as home:
        weights = Path(home) / ".deepface" / "weights"
        weights.mkdir(parents=True)
        for file, name in LINKS.items():
            (weights / name).symlink_to((folder / file).resolve())
        done = subprocess.run(  # noqa: S603
            [
                BAKE_PYTHON if way == "tensorflow" else sys.executable,
                *("-m", "bench.arcface", "--weights", folder, "--photo", photo),
                *("--way", way, "--detector", detector),
            ],
            env={
                **os.environ,
                "DEEPFACE_HOME": home,
                "DEEPFACE_BACKEND_ENGINE": "tensorflow" if way == "tensorflow" else "onnx",
                "TF_USE_LEGACY_KERAS": "1",
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            capture_output=True,
            check=False,
            text=True,
        )
    if done.returncode:
        # TensorFlow prints a lot; show it only if something failed.
        sys.exit(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Prints the medians of all ways, and writes them to `bench/results`."""
    parser = argparse.ArgumentParser(description="Measures ArcFace three ways.")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--way", choices=WAYS, help="measure only this way, in this process")
    parser.add_argument("--detector", choices=DETECTORS)
    arguments = parser.parse_args()
    if arguments.way:
        figures = measure(arguments.way, arguments.detector, arguments.weights, arguments.photo)
        print(json.dumps(figures))
        return
    results: dict[str, dict[str, float]] = {}
    for detector in DETECTORS:
        runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way in WAYS:
                runs[way].append(run(way, detector, arguments.weights, arguments.photo))
        for way, measured in runs.items():
            medians = {key: statistics.median(m[key] for m in measured) for key in measured[0]}
            results[f"{detector} {way}"] = medians
            line = "  ".join(f"{key} {value:8.2f}" for key, value in medians.items())
            print(f"{detector:10} {way:10} {line}", flush=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"python": platform.python_version(), **results}, indent=2))


if __name__ == "__main__":
    main()
