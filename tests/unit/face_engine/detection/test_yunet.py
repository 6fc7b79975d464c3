from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import Photo
from tests.support.labels import GROUP_FACES, PORTRAITS, Portrait
from tests.support.paths import MODEL_DIR

DecodePhoto = Callable[[str], Photo]


@pytest.fixture(scope="module")
def detector() -> YuNetDetector:
    file = MODEL_DIR / "yunet.onnx"
    return YuNetDetector(file)


@pytest.mark.parametrize("portrait", PORTRAITS, ids=lambda p: p.file)
def test_one_face_with_eyes_where_they_are(
    detector: YuNetDetector, decode_photo: DecodePhoto, portrait: Portrait
) -> None:
    (face,) = detector.detect(decode_photo(portrait.file).rgb)
    assert 0.92 < face.score <= 1
    between = np.hypot(*np.subtract(portrait.left_eye, portrait.right_eye))
    for found, marked in zip(
        face.landmarks[:2], (portrait.right_eye, portrait.left_eye), strict=True
    ):
        assert np.hypot(*(found - marked)) < 0.12 * between


@pytest.mark.parametrize(("file", "count"), GROUP_FACES.items())
def test_group_photos_have_as_many_faces_as_people_see(
    detector: YuNetDetector, decode_photo: DecodePhoto, file: str, count: int
) -> None:
    faces = detector.detect(decode_photo(file).rgb)
    assert len(faces) == count
    assert [f.score for f in faces] == sorted((f.score for f in faces), reverse=True)


def test_the_frame_is_the_given_image(detector: YuNetDetector, decode_photo: DecodePhoto) -> None:
    image = decode_photo("impostor_2.jpg").rgb
    rows, columns = image.shape[:2]
    large = cv2.resize(image, (columns * 2, rows * 2), interpolation=cv2.INTER_CUBIC)
    (face,), (twice,) = detector.detect(image), detector.detect(np.asarray(large, np.uint8))
    assert np.allclose(twice.landmarks, face.landmarks * 2, atol=20)
    assert twice.right == pytest.approx(face.right * 2, abs=40)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (3, 5), (31, 33)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_no_face_in_nothing(detector: YuNetDetector, shape: tuple[int, int], value: int) -> None:
    assert detector.detect(np.full((*shape, 3), value, np.uint8)) == []


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "yunet.onnx"
    file.write_bytes(b"not a network")
    with pytest.raises(Exception, match="INVALID_PROTOBUF"):
        YuNetDetector(file)
