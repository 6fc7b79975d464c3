"""One of the peers, in a process of its own: embeds a photo for each line that it reads.

python -m bench.speed.peer represent|original DETECTOR PHOTO

Environment variables choose DeepFace's engine and the folder of its weights. Each printed line is
JSON: first the seconds to load, then the milliseconds of each photo.
"""

import time

BEGUN_S = time.perf_counter()

import argparse  # noqa: E402
import base64  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

# The JPEG quality of the original service's temporary file (vara-web, app/services/embedding.py).
ORIGINAL_QUALITY = 95


def load(detector: str) -> Any:
    """Loads DeepFace as its users do; returns its function `represent`."""
    from deepface import DeepFace

    DeepFace.build_model("ArcFace")
    DeepFace.build_model(detector, task="face_detector")
    return DeepFace.represent


def represent_array(represent: Any, detector: str, photo: bytes) -> object:
    """Decodes a photo with OpenCV, and embeds it."""
    import cv2
    import numpy as np

    bgr = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    result: object = represent(bgr, model_name="ArcFace", detector_backend=detector)
    return result


def represent_as_original(represent: Any, detector: str, text: str) -> object:
    """Does what the service did that ours replaces.

    It verifies the photo, decodes it, and lets DeepFace read it again from a temporary JPEG file.

    Args:
        represent: `DeepFace.represent`.
        detector: DeepFace's name of the detector.
        text: the photo in base64.
    """
    from PIL import Image

    data = base64.b64decode(text)
    Image.open(io.BytesIO(data)).verify()
    image = Image.open(io.BytesIO(data)).convert("RGB")
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        image.save(file.name, "JPEG", quality=ORIGINAL_QUALITY)
        result: object = represent(
            file.name, model_name="ArcFace", detector_backend=detector, align=True
        )
    return result


def main() -> None:
    """Loads, then answers each line."""
    parser = argparse.ArgumentParser(description="Embeds a photo for each line of input.")
    parser.add_argument("kind", choices=("represent", "original"))
    parser.add_argument("detector")
    parser.add_argument("photo", type=Path)
    arguments = parser.parse_args()
    represent, photo = load(arguments.detector), arguments.photo.read_bytes()
    text = base64.b64encode(photo).decode()
    work: Callable[[], object] = (
        (lambda: represent_array(represent, arguments.detector, photo))
        if arguments.kind == "represent"
        else (lambda: represent_as_original(represent, arguments.detector, text))
    )
    report(time.perf_counter() - BEGUN_S)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        report((time.perf_counter() - start) * 1000)


def report(value: float) -> None:
    """Prints a number for the parent process."""
    print(json.dumps({"value": value}), flush=True)


if __name__ == "__main__":
    main()
