"""Our YuNet against OpenCV's `FaceDetectorYN` on the published file."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from face_engine.detection.yunet_network import NMS_THRESHOLD, YuNet
from face_engine.faces import Photo
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.paths import MODEL_DIR

DecodePhoto = Callable[[str], Photo]
PUBLISHED = str(MODEL_DIR / "face_detection_yunet_2023mar_int8bq.onnx")
PHOTOS = [portrait.file for portrait in PORTRAITS] + list(GROUP_FACES)


@pytest.fixture(scope="module")
def network() -> YuNet:
    return YuNet(MODEL_DIR / "yunet.onnx")


def opencvs(image_bgr: NDArray[np.uint8], threshold: float) -> NDArray[np.float32]:
    size = image_bgr.shape[1], image_bgr.shape[0]
    detector = cv2.FaceDetectorYN.create(PUBLISHED, "", size, threshold, NMS_THRESHOLD, 5000)
    found = detector.detect(image_bgr)[1]
    return np.empty((0, 15), np.float32) if found is None else np.asarray(found, np.float32)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(("side", "threshold"), [(1000, 0.3), (640, 0.9), (201, 0.05)])
def test_the_faces_are_those_of_opencv(
    network: YuNet, decode_photo: DecodePhoto, name: str, side: int, threshold: float
) -> None:
    photo = decode_photo(name).rgb
    scale = side / max(photo.shape[:2])
    rgb = np.asarray(cv2.resize(photo, None, fx=scale, fy=scale), np.uint8)
    expected = opencvs(np.ascontiguousarray(rgb[..., ::-1]), threshold)
    found = network.find(rgb, threshold)
    assert len(found) == len(expected) > 0
    np.testing.assert_allclose(found[:, :14], expected[:, :14], rtol=0, atol=0.5)
    np.testing.assert_allclose(found[:, 14], expected[:, 14], rtol=0, atol=1e-3)


@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.3])
)
@settings(max_examples=40, deadline=None)
def test_any_small_image_gives_what_opencv_gives(
    network: YuNet, rows: int, columns: int, seed: int, threshold: float
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), np.uint8)
    expected = opencvs(image, threshold)
    found = network.find(image, threshold, has_rgb=False)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.1)


@given(
    st.sampled_from(PHOTOS),
    st.integers(32, 320),
    st.one_of(st.floats(-0.1, 1.1), st.floats(1e-6, 0.02)),
)
@settings(max_examples=120, deadline=None)
def test_the_candidates_are_all_cells_whose_score_reaches_the_threshold(
    network: YuNet, decode_photo: DecodePhoto, name: str, side: int, threshold: float
) -> None:
    rgb = np.asarray(cv2.resize(decode_photo(name).rgb, (side, side)), np.uint8)
    cells = network.find_candidates(rgb, 0.0)
    grid = -(-side // 32) * 32
    assert len(cells) == sum((grid // stride) ** 2 for stride in (8, 16, 32))
    found = network.find_candidates(rgb, threshold)
    np.testing.assert_array_equal(found, cells[cells[:, 14] >= np.float32(threshold)])


def test_threads_share_it(network: YuNet, decode_photo: DecodePhoto) -> None:
    images = [decode_photo(name).rgb[: 200 + 40 * index] for index, name in enumerate(PHOTOS)]
    alone = [network.find(image, 0.5) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda image: network.find(image, 0.5), images * 6))
    for index, found in enumerate(together):
        np.testing.assert_allclose(found, alone[index % len(images)], rtol=0, atol=1e-3)
