"""A guard against slow-downs that needs no clock of a known machine: ratios of processor time.

Both sides of a ratio run in turns, and the least of each counts, so other load on the machine
changes little. Each limit is about 1.5 times what was measured (in brackets).
"""

import base64
import json
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from face_engine.detection.scaling import shrink
from face_engine.detection.yunet_network import NMS_THRESHOLD, YuNet
from face_engine.embedding.mobilefacenet import MobileFaceNetEmbedder
from face_engine.extractor import Extractor
from face_engine.faces import ExtractionOptions
from face_engine.inference.onnx_session import create_session
from face_engine.photo import decode_base64, decode_image
from functions.extract.embeddings import to_numbers
from tests.conftest import ReadPhoto
from tests.support.paths import MODEL_DIR

ROUNDS = 12
SIDE_PX = 1000


def ratio_of(work: Callable[[], object], reference: Callable[[], object]) -> float:
    """Returns the least processor time of one, over all threads, divided by the other's."""
    least = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for index, action in enumerate((work, reference)):
            start = time.process_time()
            action()
            least[index] = min(least[index], time.process_time() - start)
    return least[0] / least[1]


@pytest.fixture(scope="module")
def photo(read_photo: ReadPhoto) -> bytes:
    image = cv2.imdecode(np.frombuffer(read_photo("impostor_1.jpg"), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    scale = SIDE_PX / max(image.shape[:2])
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", large)[1])


def test_an_extraction_to_its_networks_alone(extractor: Extractor, photo: bytes) -> None:
    text = base64.b64encode(photo).decode()
    yunet = YuNet(MODEL_DIR / "yunet.onnx")
    embedder = MobileFaceNetEmbedder((MODEL_DIR / "fr_feature.onnx").read_bytes())
    rgb = decode_image(photo, 64_000_000).rgb
    small = shrink(rgb, 320).rgb
    rotated = [np.ascontiguousarray(np.rot90(small, turns)) for turns in (1, 2, 3)]
    crop = np.ascontiguousarray(rgb[:112, :112])

    def extract() -> str:
        decoded = decode_image(decode_base64(text, len(text)), 64_000_000)
        extraction = extractor.extract(decoded, ExtractionOptions())
        assert extraction.embedding is not None
        return json.dumps(to_numbers(extraction.embedding))

    def networks() -> None:
        # At both sizes of the detector, and the previews of the three other rotations.
        for image in (rgb, small, *rotated):
            yunet.find(image, 0.75)
        embedder.embed(crop)

    assert ratio_of(extract, networks) < 2.0  # (1.3)


def test_yunet_to_opencvs(photo: bytes) -> None:
    network = YuNet(MODEL_DIR / "yunet.onnx")
    rgb = decode_image(photo, 64_000_000).rgb
    published = str(MODEL_DIR / "face_detection_yunet_2023mar_int8bq.onnx")
    size = rgb.shape[1], rgb.shape[0]
    opencvs = cv2.FaceDetectorYN.create(published, "", size, 0.75, NMS_THRESHOLD)
    ratio = ratio_of(lambda: network.find(rgb, 0.75), lambda: opencvs.detect(rgb))
    assert ratio < 0.9  # (0.6)


def test_mobilefacenet_to_onnx_runtime() -> None:
    file = MODEL_DIR / "fr_feature.onnx"
    embedder, session = MobileFaceNetEmbedder(file.read_bytes()), create_session(file)
    crop = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    batch = np.zeros((1, 3, 112, 112), np.float32)
    ratio = ratio_of(lambda: embedder.embed(crop), lambda: session.run(None, {"input": batch}))
    assert ratio < 1.15  # (0.75)
