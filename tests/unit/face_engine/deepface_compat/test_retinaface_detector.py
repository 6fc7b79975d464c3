"""From the network's outputs, our detector makes what DeepFace's makes, to the bit."""

from dataclasses import astuple

import numpy as np
import pytest
from numpy.typing import NDArray

from face_engine.deepface_compat.clients import FacialAreaRegion
from face_engine.deepface_compat.networks import CHANNELS, STRIDES_PX
from face_engine.deepface_compat.retinaface_detector import RetinaFaceDetector


class MadeOutputs:
    """Outputs of a network that shows faces at random, but the same ones for the same image."""

    def __init__(self, seed: int, share: float) -> None:
        self.seed = seed
        self.share = share
        self.seen: list[NDArray[np.float32]] = []

    def __call__(self, batch: NDArray[np.uint8] | NDArray[np.float32]) -> list[NDArray[np.float32]]:
        self.seen.append(batch.astype(np.float32))
        rng = np.random.default_rng(self.seed)
        rows, columns = batch.shape[1:3]
        outputs = []
        for stride in STRIDES_PX:
            cells = (1, -(-rows // stride), -(-columns // stride))
            scores, boxes, landmarks = (
                rng.normal(0, 0.3, (*cells, count)).astype(np.float32) for count in CHANNELS
            )
            is_face = rng.random((*cells, 2)) < self.share
            scores[..., 2:] = np.where(is_face, rng.uniform(0.85, 1, is_face.shape), 0.1)
            outputs += [scores, boxes, landmarks]
        return outputs


def detect_as_deepface(model: MadeOutputs, bgr: NDArray[np.uint8]) -> list[FacialAreaRegion]:
    from deepface.models.face_detection.RetinaFace import RetinaFaceClient

    # Its constructor would download weights.
    client = object.__new__(RetinaFaceClient)
    client.model = model
    found: list[FacialAreaRegion] = client.detect_faces(bgr)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_it_finds_what_deepface_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Otherwise the package imports TensorFlow.
    monkeypatch.setenv("DEEPFACE_BACKEND_ENGINE", "onnx")
    rng = np.random.default_rng(seed)
    # Some so long that the longer side limits the scale.
    rows, columns = (int(side) for side in rng.integers(40, [400, 1400] if seed % 2 else 400, 2))
    bgr = rng.integers(0, 256, (rows, columns, 3), np.uint8)
    model = MadeOutputs(seed, share=(0, 0.0003, 0.003)[seed % 3])
    expected = detect_as_deepface(model, bgr)
    actual = RetinaFaceDetector(model).detect_faces(bgr)
    assert [astuple(area) for area in actual] == [astuple(area) for area in expected]
    assert bool(expected) == bool(seed % 3)
    ours, theirs = model.seen[1], model.seen[0]
    np.testing.assert_array_equal(ours, theirs)
