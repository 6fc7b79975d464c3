"""Which faces of a damaged photo count."""

import numpy as np
import pytest

from face_contract.errors import NoFaceDetected
from face_engine.alignment import ARCFACE_TEMPLATE
from face_engine.damage import MARGIN, check_soundness, keep_sound_faces
from face_engine.extractor import Extractor
from face_engine.faces import BoundingBox, Damage, ExtractionOptions, Face, Photo
from face_engine.roles import DetectorLocator, SimilarityCropper
from tests.support.stand_in_models import FixedDetector, MeanEmbedder

PIXELS = np.full((200, 300, 3), 77, np.uint8)
# At twice the size: the upper half is sound.
CUT = Photo(PIXELS, 600, 400, Damage(BoundingBox(0, 0, 600, 200)))
LOST = Photo(PIXELS, 600, 400, Damage(sound=None))


def face(top: float, height: float, left: float = 10) -> Face:
    landmarks = ARCFACE_TEMPLATE / 112 * (height, height) + (left, top)
    return Face(left, top, left + height, top + height, 0.9, landmarks)


ABOVE = face(10, 60)
BELOW = face(110, 60)
ON_THE_EDGE = face(60, 60)
# Its box ends with the sound part, as that of a face does that the damage cuts.
TOO_NEAR = face(100 - 60 * (1 + MARGIN) + 1, 60)
FAR_ENOUGH = face(100 - 60 * (1 + MARGIN) - 1, 60)


def test_faces_of_an_undamaged_photo_all_count() -> None:
    assert keep_sound_faces([BELOW, ABOVE], Photo(PIXELS, 600, 400)) == [BELOW, ABOVE]
    assert keep_sound_faces([], Photo(PIXELS, 600, 400)) == []


def test_faces_count_that_lie_in_the_sound_part_with_a_margin() -> None:
    faces = [BELOW, FAR_ENOUGH, ON_THE_EDGE, ABOVE, TOO_NEAR]
    assert keep_sound_faces(faces, CUT) == [FAR_ENOUGH, ABOVE]


def test_the_photo_s_own_border_is_no_damage() -> None:
    # Half outside of the photo, as at any border.
    assert keep_sound_faces([face(-20, 60), face(10, 60, left=-25)], CUT)


def test_a_landmark_below_the_box_counts_too() -> None:
    low = face(10, 60)
    low.landmarks[4] = (50, 150)
    with pytest.raises(NoFaceDetected):
        keep_sound_faces([low], CUT)


def test_landmarks_that_the_detector_did_not_give_are_left_out() -> None:
    eyes_only = face(10, 60)
    eyes_only.landmarks[2:] = np.nan
    assert keep_sound_faces([eyes_only], CUT) == [eyes_only]


@pytest.mark.parametrize("photo", [CUT, LOST])
@pytest.mark.parametrize("enforce", [False, True])
def test_without_a_face_in_the_sound_part_there_is_none(photo: Photo, enforce: bool) -> None:
    extractor = Extractor(
        DetectorLocator(FixedDetector(BELOW)),
        SimilarityCropper(),
        MeanEmbedder(),
        "weights",
        "yunet",
    )
    with pytest.raises(NoFaceDetected) as caught:
        extractor.extract(photo, ExtractionOptions(enforce_detection=enforce))
    assert caught.value.details == {"warnings": ["TRUNCATED_IMAGE"]}


def test_only_faces_in_the_sound_part_are_counted() -> None:
    extractor = Extractor(
        DetectorLocator(FixedDetector(BELOW, ABOVE)),
        SimilarityCropper(),
        MeanEmbedder(),
        "weights",
        "yunet",
    )
    extraction = extractor.extract(CUT, ExtractionOptions())
    assert extraction.face_count == 1
    assert extraction.area == BoundingBox(20, 20, 120, 120)
    assert extraction.warnings == ("TRUNCATED_IMAGE",)


def test_where_nothing_is_sound_no_face_is_looked_for() -> None:
    with pytest.raises(NoFaceDetected):
        check_soundness(LOST)
    check_soundness(CUT)
    check_soundness(Photo(PIXELS, 600, 400))
