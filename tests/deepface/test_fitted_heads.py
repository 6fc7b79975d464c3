"""The tests' RetinaFace finds what is there by a margin that no processor's rounding passes."""

from typing import Any

import numpy as np
import pytest

from face_engine.deepface_compat.networks import RetinaFaceNetwork
from face_engine.deepface_compat.retinaface_detector import RetinaFaceDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import RGBImage
from face_engine.photo import decode_image
from face_engine.views import Views
from tests.support.baked import bake_model
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.made_photos import SMALL_PORTRAIT, landscape, on_black_canvas
from tests.support.paths import EVENT_DIR, MODEL_DIR, PHOTO_DIR

# The first of them bakes, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)
PATHS = {
    **{portrait.file: PHOTO_DIR / portrait.file for portrait in PORTRAITS},
    **{name: PHOTO_DIR / name for name in GROUP_FACES},
    "events/portrait.jpg": EVENT_DIR / "portrait.jpg",
}
# RetinaFace's threshold is 0.9.
LOWEST_FACE, HIGHEST_OTHER = 0.95, 0.7
# Of the face's size.
MAX_ERROR = 0.03


@pytest.fixture(scope="module")
def retinaface() -> RetinaFaceDetector:
    return RetinaFaceDetector(RetinaFaceNetwork(bake_model().folder / "retinaface.ncnn"))


@pytest.fixture(scope="module")
def yunet() -> YuNetDetector:
    onnx = MODEL_DIR / "yunet.onnx"
    return YuNetDetector(onnx.read_bytes())


def read(name: str) -> RGBImage:
    return decode_image(PATHS[name].read_bytes(), 64_000_000).rgb


def find(
    retinaface: RetinaFaceDetector, image_rgb: RGBImage, *, border: bool
) -> tuple[list[float], np.typing.NDArray[np.float64]]:
    """Returns all that scores above HIGHEST_OTHER: scores, and (n, 7, 2) corners and landmarks."""
    from retinaface import RetinaFace

    view = Views(image_rgb).bordered(0, has_border=border)
    found: dict[str, dict[str, Any]] = RetinaFace.detect_faces(
        view.bgr, threshold=HIGHEST_OTHER, model=retinaface.model
    )
    points = [
        np.vstack([np.reshape(face["facial_area"], (2, 2)), list(face["landmarks"].values())])
        for face in found.values()
    ]
    return [face["score"] for face in found.values()], np.reshape(points, (-1, 7, 2)) - (
        view.dx,
        view.dy,
    )


@pytest.mark.parametrize(
    ("name", "border"), [*((name, True) for name in PATHS), ("sample4.jpg", False)]
)
def test_faces_are_yunets_by_a_wide_margin(
    retinaface: RetinaFaceDetector, yunet: YuNetDetector, name: str, border: bool
) -> None:
    scores, found = find(retinaface, read(name), border=border)
    assert len(scores) == GROUP_FACES.get(name, 1)
    assert min(scores) > LOWEST_FACE
    for face in yunet.detect(read(name)):
        box = ((face.left, face.top), (face.right, face.bottom))
        expected = np.vstack([box, face.landmarks])
        errors = np.abs(found - expected).max(axis=(1, 2))
        assert errors.min() < MAX_ERROR * (face.right - face.left)


@pytest.mark.parametrize("border", [True, False])
@pytest.mark.parametrize("image", ["landscape", "small face"])
def test_nothing_is_found_by_a_wide_margin(
    retinaface: RetinaFaceDetector, image: str, border: bool
) -> None:
    rgb = landscape() if image == "landscape" else on_black_canvas(read(SMALL_PORTRAIT))
    assert find(retinaface, rgb, border=border)[0] == []
