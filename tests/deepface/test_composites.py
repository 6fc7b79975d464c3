"""Never the wrong face with `arcface` either: its detectors miss faces, and know no turns."""

import random

import numpy as np
import pytest

from face_contract.errors import MultipleFacesDetected
from face_engine.detection.overlap import is_same_face
from face_engine.extractor import Extractor
from face_engine.faces import BoundingBox, ExtractionOptions, Face
from face_engine.model.loader import ModelLoader
from tests.support.baked import bake_model
from tests.support.composites import Subject, compose_card, scatter, whole_photo

# The first of them bakes, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)
ENFORCED, ANY = ExtractionOptions(), ExtractionOptions(enforce_detection=False)


@pytest.fixture(scope="module")
def arcface() -> Extractor:
    """Behind YuNet: RetinaFace's test weights know the test photos, and no others.

    What is done with RetinaFace's faces is tested in `test_locator.py`.
    """
    baked = bake_model()
    return ModelLoader("arcface", baked.folder, "yunet", catalog=baked.catalog).load().extractor


def face_of(box: BoundingBox) -> Face:
    return Face(box.x, box.y, box.x + box.w, box.y + box.h, 1, np.zeros((5, 2)))


@pytest.mark.parametrize("seed", range(6))
def test_the_holder_of_a_card_is_found_beside_the_face_on_it(
    arcface: Extractor, subjects: list[Subject], seed: int
) -> None:
    image, holder, scale = compose_card(subjects, random.Random(seed))
    found = arcface.extract(whole_photo(image), ANY)
    assert found.face_count == 2
    assert is_same_face(face_of(found.area), holder.face.scaled(scale, scale))
    with pytest.raises(MultipleFacesDetected):
        arcface.extract(whole_photo(image), ENFORCED)


@pytest.mark.parametrize("seed", range(6))
def test_the_largest_face_decides_whatever_its_turn(
    arcface: Extractor, subjects: list[Subject], seed: int
) -> None:
    image, placed = scatter(subjects, random.Random(seed))
    found = arcface.extract(whole_photo(image), ANY)
    largest = max(face.face_px for face in placed)
    assert any(face.holds(found.area) for face in placed if face.face_px > 0.85 * largest)
    assert found.face_count == len(placed)
