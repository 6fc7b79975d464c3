"""Sharpness, roll and yaw of turned, shrunk and blurred copies of real photos."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from face_engine.alignment import ARCFACE_TEMPLATE, align_face, align_known
from face_engine.extractor import Extractor
from face_engine.faces import Face, Photo, RGBImage
from face_engine.quality import measure_quality
from tests.support.composites import resize, whole_photo
from tests.support.labels import GROUP_FACES, PORTRAITS

DecodePhoto = Callable[[str], Photo]
FILES = [portrait.file for portrait in PORTRAITS]


def face_of(extractor: Extractor, photo: Photo) -> Face:
    """The largest face."""
    return max(extractor.find(photo, align=True).faces, key=lambda face: face.area)


def test_only_known_landmarks_align_a_face(extractor: Extractor, decode_photo: DecodePhoto) -> None:
    photo = decode_photo(FILES[2])
    face = face_of(extractor, photo)
    whole = align_face(photo.rgb, face)
    np.testing.assert_array_equal(align_known(photo.rgb, face), whole)
    eyes_only = replace(face, landmarks=face.landmarks.copy())
    eyes_only.landmarks[2:] = np.nan
    crop = align_known(photo.rgb, eyes_only)
    # Landmarks of one crop, found again in it, lie where the template has them.
    again = face_of(extractor, whole_photo(np.pad(crop, ((60, 60), (60, 60), (0, 0)))))
    assert np.abs(again.landmarks[:2] - 60 - ARCFACE_TEMPLATE[:2]).max() < 5
    one, other = (measure_quality(photo, f).sharpness for f in (face, eyes_only))
    assert 0.5 < one / other < 2


@pytest.mark.parametrize("file", FILES + list(GROUP_FACES))
def test_sharpness_falls_as_blur_grows(
    extractor: Extractor, decode_photo: DecodePhoto, file: str
) -> None:
    photo = decode_photo(file)
    for face in extractor.find(photo, align=True).faces:
        # Relative to the face, so that every step is seen in the crop.
        width = face.right - face.left
        blurred = [
            cv2.GaussianBlur(photo.rgb, (0, 0), width * share) for share in (0.01, 0.02, 0.04, 0.08)
        ]
        images = [photo.rgb, *(np.asarray(image, np.uint8) for image in blurred)]
        values = [measure_quality(whole_photo(image), face).sharpness for image in images]
        assert all(sharp > blunt for sharp, blunt in itertools.pairwise(values)), values
        assert values[-1] < values[0] / 10


@pytest.mark.parametrize("file", FILES)
def test_sharpness_falls_as_a_photo_is_shrunk(
    extractor: Extractor, decode_photo: DecodePhoto, file: str
) -> None:
    rgb = decode_photo(file).rgb
    face = face_of(extractor, whole_photo(rgb))
    values = []
    for face_px in (64, 40, 28, 20):
        scale = face_px / (face.right - face.left)
        small = whole_photo(resize(rgb, scale))
        values.append(measure_quality(small, face.scaled(scale, scale)).sharpness)
    assert all(sharp > blunt for sharp, blunt in itertools.pairwise(values)), values


def rotated(rgb: RGBImage, degrees: float) -> Photo:
    """A copy that is turned clockwise around its centre and keeps all of the photo."""
    rows, columns = rgb.shape[:2]
    side = int(np.hypot(rows, columns)) + 1
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), -degrees, 1)
    matrix[:, 2] += (side - columns) / 2, (side - rows) / 2
    return whole_photo(np.asarray(cv2.warpAffine(rgb, matrix, (side, side)), np.uint8))


@pytest.mark.parametrize("file", FILES)
def test_roll_follows_a_rotated_photo(
    extractor: Extractor, decode_photo: DecodePhoto, file: str
) -> None:
    rgb = decode_photo(file).rgb
    rgb = resize(rgb, min(450 / max(rgb.shape), 1))

    def roll_after(degrees: float) -> float:
        copy = rotated(rgb, degrees)
        return measure_quality(copy, face_of(extractor, copy)).roll_degrees

    upright = roll_after(0)
    for degrees in (-180, -90, 90):
        difference = (roll_after(degrees) - upright - degrees + 180) % 360 - 180
        assert abs(difference) < 3, degrees
    # YuNet's landmarks of tilted faces lie between upright and the truth.
    rolls = [roll_after(degrees) for degrees in (-40, -20, 0, 20, 40)]
    assert all(one < other for one, other in itertools.pairwise(rolls)), rolls
    assert rolls[-1] - rolls[0] > 50


@pytest.mark.parametrize("file", FILES)
def test_a_mirrored_photo_looks_to_the_other_side(
    extractor: Extractor, decode_photo: DecodePhoto, file: str
) -> None:
    photo = decode_photo(file)
    mirrored = whole_photo(np.ascontiguousarray(photo.rgb[:, ::-1]))
    there, back = (measure_quality(p, face_of(extractor, p)) for p in (photo, mirrored))
    assert there.yaw_degrees is not None
    assert back.yaw_degrees == pytest.approx(-there.yaw_degrees, abs=7)
    assert back.roll_degrees == pytest.approx(-there.roll_degrees, abs=4)


def bell(across: NDArray[np.float32], down: NDArray[np.float32]) -> NDArray[np.float32]:
    bump: NDArray[np.float32] = np.exp(-(across**2 + down**2) / 2)
    return bump


def turned_photo(photo: Photo, face: Face, degrees: float) -> Photo:
    """A copy whose head is turned to its left: a bell that stands out, and the nose another one."""
    right_eye, left_eye, nose = face.landmarks[:3].astype(np.float32)
    unit = np.hypot(*(left_eye - right_eye)) / 2
    middle = (right_eye + left_eye) / 2
    turn = np.float32(np.radians(degrees))
    sin, cos = np.sin(turn), np.cos(turn)
    rows, columns = (np.asarray(part) for part in np.indices(photo.rgb.shape[:2], np.float32))
    # Where each pixel of the copy comes from: step by step, because that depends on its depth. Each
    # step halves the error.
    x = columns
    for _ in range(12):
        head = bell((x - middle[0]) / unit / 1.7, ((rows - middle[1]) / unit - 1) / 2.2)
        tip = bell((x - nose[0]) / unit / 0.5, (rows - nose[1]) / unit / 0.5)
        depth = unit * (1.2 * head + 0.9 * tip)
        x = (x + middle[0] + (columns - middle[0] - depth * sin) / cos) / 2
    return whole_photo(np.asarray(cv2.remap(photo.rgb, x, rows, cv2.INTER_LINEAR), np.uint8))


@pytest.mark.parametrize("file", FILES)
def test_yaw_follows_a_turned_face(
    extractor: Extractor, decode_photo: DecodePhoto, file: str
) -> None:
    photo = decode_photo(file)
    face = face_of(extractor, photo)
    yaws = []
    for degrees in (-30, -15, 0, 15, 30):
        copy = turned_photo(photo, face, degrees)
        yaw = measure_quality(copy, face_of(extractor, copy)).yaw_degrees
        assert yaw is not None
        yaws.append(yaw)
    assert all(one < other for one, other in itertools.pairwise(yaws)), yaws
    assert yaws[-1] - yaws[0] > 12
