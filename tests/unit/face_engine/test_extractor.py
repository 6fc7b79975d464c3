"""The face-count policy, with a detector that finds what the test says."""

import numpy as np
import pytest

from face_contract.deadline import Deadline
from face_contract.errors import MultipleFacesDetected, NoFaceDetected, TimedOut
from face_engine.alignment import ARCFACE_TEMPLATE
from face_engine.extractor import Extractor
from face_engine.faces import BoundingBox, ExtractionOptions, Face, Photo
from face_engine.roles import DetectorLocator, SimilarityCropper
from tests.support.stand_in_models import FixedDetector, MeanEmbedder

PHOTO = Photo(np.full((200, 300, 3), 77, np.uint8), 600, 400)
SMALL = Face(10, 10, 50, 60, 0.95, ARCFACE_TEMPLATE)
LARGE = Face(100, 10, 200, 150, 0.85, ARCFACE_TEMPLATE + np.array((100, 10)))


def extractor(*faces: Face) -> Extractor:
    return Extractor(
        DetectorLocator(FixedDetector(*faces)),
        SimilarityCropper(),
        MeanEmbedder(),
        "weights",
        "yunet",
    )


def test_one_face() -> None:
    extraction = extractor(SMALL).extract(PHOTO, ExtractionOptions())
    assert extraction.face_count == 1
    assert extraction.confidence == 0.95
    assert extraction.area == BoundingBox(20, 20, 80, 100)
    assert extraction.model == "weights/yunet/similarity"


def test_the_largest_of_several_is_the_most_prominent() -> None:
    extraction = extractor(SMALL, LARGE).extract(PHOTO, ExtractionOptions(enforce_detection=False))
    assert extraction.face_count == 2
    assert extraction.area == BoundingBox(200, 20, 200, 280)
    assert extraction.confidence == 0.85


def test_several_are_refused_when_one_is_enforced() -> None:
    with pytest.raises(MultipleFacesDetected) as caught:
        extractor(SMALL, LARGE).extract(PHOTO, ExtractionOptions())
    assert caught.value.details == {"face_count": 2}


def test_none_is_refused_when_one_is_enforced() -> None:
    with pytest.raises(NoFaceDetected):
        extractor().extract(PHOTO, ExtractionOptions())


def test_without_a_face_the_whole_photo_is_embedded() -> None:
    extraction = extractor().extract(PHOTO, ExtractionOptions(enforce_detection=False))
    assert extraction.embedding is not None
    assert (extraction.face_count, extraction.confidence) == (0, 0.0)
    assert extraction.area == BoundingBox(0, 0, 600, 400)
    assert extraction.model == "weights/yunet/box"


def test_without_a_face_nothing_is_embedded_if_so_set() -> None:
    options = ExtractionOptions(enforce_detection=False, embed_without_face=False)
    extraction = extractor().extract(PHOTO, options)
    assert extraction.embedding is None
    assert extraction.area == BoundingBox(0, 0, 600, 400)


def test_without_alignment_the_box_is_embedded() -> None:
    extraction = extractor(LARGE).extract(PHOTO, ExtractionOptions(align=False))
    assert extraction.embedding is not None
    assert extraction.model == "weights/yunet/box"


def test_nothing_is_embedded_when_time_is_up() -> None:
    with pytest.raises(TimedOut):
        extractor(SMALL).extract(PHOTO, ExtractionOptions(deadline=Deadline(0)))


def test_several_faces_are_embedded_until_time_is_up() -> None:
    found = extractor(SMALL, LARGE).find(PHOTO, align=True)
    vectors = extractor().embed(found, found.faces, Deadline(10))
    assert [vector.shape for vector in vectors] == [(512,)] * 2
    with pytest.raises(TimedOut):
        extractor().embed(found, found.faces, Deadline(0))
    assert extractor().embed(found, [], Deadline(0)) == []


def test_landmarks_are_in_the_photos_own_pixels() -> None:
    np.testing.assert_array_equal(PHOTO.landmarks_of(SMALL), ARCFACE_TEMPLATE * 2)
