"""OpenCV's networks, against ONNX Runtime and shared by threads."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from face_engine.inference.onnx_session import create_session
from face_engine.inference.opencv_network import OpenCVNetwork
from tests.support.paths import MODEL_DIR

FILE = MODEL_DIR / "fr_feature.onnx"


def test_threads_share_it_and_it_gives_the_numbers_of_onnx_runtime() -> None:
    """Vectors that were stored before OpenCV ran this network stay comparable."""
    rng = np.random.default_rng(5)
    batches = [rng.normal(0, 0.5, (1, 3, 112, 112)).astype(np.float32) for _ in range(12)]
    session = create_session(FILE)
    expected = [session.run(None, {"input": batch})[0] for batch in batches]
    network = OpenCVNetwork(FILE.read_bytes())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(network.run, batches * 8))
    for index, output in enumerate(found):
        wanted = expected[index % len(batches)][0]
        cosine = output[0] @ wanted / np.linalg.norm(output) / np.linalg.norm(wanted)
        assert 1 - cosine <= 1e-5
        np.testing.assert_allclose(output[0], wanted, rtol=0, atol=1e-4)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(cv2.error):
        OpenCVNetwork(b"not a network")
