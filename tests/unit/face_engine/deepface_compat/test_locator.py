"""What DeepFace's detectors miss or see in the wrong turn, with a client that finds what we say."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from face_engine.deepface_compat.clients import Detector as DeepFaceDetector
from face_engine.deepface_compat.clients import FacialAreaRegion
from face_engine.deepface_compat.locator import DeepFaceLocator
from face_engine.detection.overlap import is_same_face
from face_engine.detection.rotation import RotationSearch
from face_engine.detection.tilt import StraighteningDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import Face
from face_engine.views import Views
from tests.support.composites import Subject, compose_card, scatter
from tests.support.paths import MODEL_DIR

BGR = NDArray[np.uint8]


class Client(DeepFaceDetector):  # type: ignore[misc]
    """Finds the boxes that `find` returns for an image of so many rows and columns."""

    def __init__(self, find: Callable[[int, int], list[tuple[int, int, int, int]]]) -> None:
        self.find = find
        self.shapes: list[tuple[int, ...]] = []

    def detect_faces(self, img: BGR) -> list[FacialAreaRegion]:
        self.shapes.append(img.shape[:2])
        return [
            FacialAreaRegion(x, y, right - x, bottom - y, (x + 9, y + 9), (x + 3, y + 9), 0.99)
            for x, y, right, bottom in self.find(*img.shape[:2])
        ]


@pytest.fixture(scope="module")
def rotation_search() -> RotationSearch:
    file = MODEL_DIR / "yunet.onnx"
    return RotationSearch(StraighteningDetector(YuNetDetector(file)))


def locate(client: Client, rotation_search: RotationSearch | None, image: BGR) -> list[Face]:
    return DeepFaceLocator(client, rotation_search, has_border=False).locate(
        Views(image), align=True
    )


def corners(face: Face) -> tuple[int, int, int, int]:
    return int(face.left), int(face.top), int(face.right), int(face.bottom)


@pytest.mark.parametrize("seed", range(10))
def test_the_holder_of_a_card_counts_when_the_client_sees_only_the_card(
    rotation_search: RotationSearch, subjects: list[Subject], seed: int
) -> None:
    image, holder, scale = compose_card(subjects, random.Random(seed))
    card, held = sorted(rotation_search.detect(image), key=lambda face: face.area)
    faces = locate(Client(lambda *_: [corners(card)]), rotation_search, image)
    assert len(faces) == 2
    largest = max(faces, key=lambda face: face.area)
    assert is_same_face(largest, holder.face.scaled(scale, scale))
    assert largest.detector == "yunet"
    (other,) = (face for face in faces if face is not largest)
    assert other.detector is None
    assert held.score > 0.75


@pytest.mark.parametrize("seed", range(10))
def test_the_client_looks_in_the_turn_of_the_largest_face_and_other_turns_count(
    rotation_search: RotationSearch, subjects: list[Subject], seed: int
) -> None:
    image, _ = scatter(subjects, random.Random(seed))
    known = rotation_search.detect(image)
    turns = max(known, key=lambda face: face.area).quarter_turns
    client = Client(lambda *_: [])
    faces = locate(client, rotation_search, image)
    assert client.shapes == [np.rot90(image, turns).shape[:2]]
    assert [corners(face) for face in faces] == [corners(face) for face in known]
    assert {face.detector for face in faces} == {"yunet"}


def test_a_wrong_turn_of_the_client_does_not_replace_the_right_one(
    rotation_search: RotationSearch, subjects: list[Subject]
) -> None:
    large, small = subjects[1].image_rgb, np.rot90(subjects[2].image_rgb)[::2, ::2]
    rows, columns = max(large.shape[0], small.shape[0]), large.shape[1] + small.shape[1]
    image = np.zeros((rows, columns, 3), np.uint8)
    image[: large.shape[0], : large.shape[1]] = large
    image[: small.shape[0], large.shape[1] :] = small
    known = rotation_search.detect(image)
    assert {face.quarter_turns for face in known} == {0, 3}
    # As RetinaFace may, it sees both in the turn of the larger one.
    faces = locate(Client(lambda *_: [corners(face) for face in known]), rotation_search, image)
    assert sorted(face.quarter_turns for face in faces) == [0, 3]
    assert {face.quarter_turns: face.detector for face in faces} == {0: None, 3: "yunet"}


def test_alone_it_finds_what_the_client_finds(subjects: list[Subject]) -> None:
    image = subjects[1].image_rgb
    (face,) = locate(Client(lambda *_: [(10, 20, 110, 150)]), None, image)
    assert corners(face) == (10, 20, 110, 150)
    assert face.detector is None
