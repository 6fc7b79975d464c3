"""Measures the overhead of the service over its networks, and of the search for rotated photos.

The photo is a portrait enlarged to 1000 pixels. Both sides of a ratio are timed in alternation in
one process, so that it holds when the machine's speed drifts. Run by `make bench`.
"""

import base64
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from bench.workload import encode_photo
from face_engine.alignment import align_face
from face_engine.detection.rotation import RotationSearch
from face_engine.detection.tilt import StraighteningDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.embedding.mobilefacenet import MobileFaceNetEmbedder
from face_engine.model.catalog import read_catalog
from face_engine.model.folder import ModelFolder
from face_engine.photo import decode_image
from face_service.settings import Settings
from functions.local.app import create

ROUNDS = 40
PORTRAIT = "impostor_1.jpg"
RESULTS = Path("bench/results/overhead.json")


def time_ms(action: Callable[[], object]) -> float:
    """Returns the milliseconds that one call takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Prints the medians and their ratio, and writes them to `bench/results`."""
    settings = Settings()
    entry = read_catalog().models["mobilefacenet"]
    folder = ModelFolder(settings.model_dir)
    detector_file = folder.find(entry, entry.detectors["yunet"])
    embedder_file = folder.find(entry, entry.embedder)
    detector = YuNetDetector(detector_file.read_bytes())
    embedder = MobileFaceNetEmbedder(embedder_file.read_bytes())
    photo = encode_photo(PORTRAIT, "JPEG", 1000)
    rgb = decode_image(photo, settings.max_image_pixels).rgb
    crop = align_face(rgb, detector.detect(rgb)[0])
    body = {"image": base64.b64encode(photo).decode()}

    def networks() -> None:
        detector.detect(rgb)
        embedder.embed(crop)

    rotation_search = RotationSearch(StraighteningDetector(detector))

    with TestClient(create(settings)) as client:

        def service() -> None:
            client.post("/api/v1/extract-embedding", json=body).raise_for_status()

        time_ms(service)
        time_ms(networks)
        rounds = [(time_ms(service), time_ms(networks)) for _ in range(ROUNDS)]
    service_ms, networks_ms = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(service / networks for service, networks in rounds)
    turning_ratio = statistics.median(
        time_ms(lambda: rotation_search.detect(rgb)) / time_ms(lambda: detector.detect(rgb))
        for _ in range(ROUNDS)
    )
    result = {
        "service_ms": round(service_ms, 1),
        "networks_ms": round(networks_ms, 1),
        "ratio": round(ratio, 2),
        "turning_ratio": round(turning_ratio, 2),
        "rounds": ROUNDS,
        "python": platform.python_version(),
        "processor": platform.machine(),
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(
        f"service   {service_ms:6.1f} ms\nnetworks  {networks_ms:6.1f} ms\nratio     {ratio:6.2f}"
    )
    print(f"detection with and without the search for rotated photos: {turning_ratio:.2f}")


if __name__ == "__main__":
    main()
