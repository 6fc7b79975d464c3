"""Sharpness, roll and yaw: of made heads, and of turned and blurred copies of real photos."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from face_engine.alignment import ARCFACE_TEMPLATE, align_face, align_known
from face_engine.extractor import Extractor
from face_engine.faces import Face, Landmarks, Photo, RGBImage
from face_engine.quality import NOSE_DEPTH, measure_quality, roll_degrees, yaw_degrees
from tests.support.labels import GROUP_FACES, PORTRAITS

DecodePhoto = Callable[[str], Photo]
FILES = [portrait.file for portrait in PORTRAITS]
# A head that looks at the camera: x to the right, y down, z to the camera; half of the distance
# between the eyes is 1.
HEAD = np.array([(-1, 0, 0), (1, 0, 0), (0, 1.1, NOSE_DEPTH), (-0.8, 2.2, 0.3), (0.8, 2.2, 0.3)])
DEGREES = st.floats(-80, 80)


def turned_head(yaw: float, roll: float, scale: float, x: float, y: float) -> Landmarks:
    """The head after it turned to its left, tilted clockwise and was photographed from far away."""
    psi, phi = np.radians(yaw), np.radians(roll)
    turn = np.array([(np.cos(psi), 0, np.sin(psi)), (0, 1, 0)])
    tilt = np.array([(np.cos(phi), -np.sin(phi)), (np.sin(phi), np.cos(phi))])
    seen: Landmarks = HEAD @ turn.T @ tilt.T * scale + (x, y)
    return seen


@given(DEGREES, st.floats(-179, 179), st.floats(1, 500), st.floats(0, 999), st.floats(0, 999))
def test_yaw_and_roll_of_a_turned_head_are_found(
    yaw: float, roll: float, scale: float, x: float, y: float
) -> None:
    landmarks = turned_head(yaw, roll, scale, x, y)
    assert yaw_degrees(landmarks) == pytest.approx(yaw, abs=1e-6)
    assert roll_degrees(landmarks) == pytest.approx(roll, abs=1e-6)


@given(DEGREES, st.floats(-80, 80))
def test_a_mirror_negates_both(yaw: float, roll: float) -> None:
    landmarks = turned_head(yaw, roll, 50, 0, 0)
    # What was the right eye is the left one in a mirror.
    mirrored = landmarks[[1, 0, 2, 4, 3]] * (-1, 1)
    assert yaw_degrees(mirrored) == pytest.approx(-yaw, abs=1e-6)
    assert roll_degrees(mirrored) == pytest.approx(-roll, abs=1e-6)


def test_without_a_nose_there_is_no_yaw() -> None:
    landmarks = turned_head(30, 10, 50, 100, 100)
    landmarks[2:] = np.nan
    assert yaw_degrees(landmarks) is None
    assert roll_degrees(landmarks) == pytest.approx(10)


def test_eyes_at_one_point_show_no_direction() -> None:
    landmarks = turned_head(0, 0, 50, 100, 100)
    landmarks[1] = landmarks[0]
    assert yaw_degrees(landmarks) is None
    landmarks[2:] = np.nan
    photo = Photo(np.full((200, 200, 3), 99, np.uint8), 200, 200)
    quality = measure_quality(photo, Face(90, 90, 110, 110, 0.9, landmarks))
    assert (quality.face_px, quality.sharpness, quality.yaw_degrees) == (20, 0, None)


def face_of(extractor: Extractor, photo: Photo) -> Face:
    """The largest face."""
    return max(extractor.find(photo, align=True).faces, key=lambda face: face.area)


def photo_of(rgb: RGBImage) -> Photo:
    return Photo(rgb, rgb.shape[1], rgb.shape[0])


def test_only_known_landmarks_align_a_face(extractor: Extractor, decode_photo: DecodePhoto) -> None:
    photo = decode_photo(FILES[2])
    face = face_of(extractor, photo)
    whole = align_face(photo.rgb, face)
    np.testing.assert_array_equal(align_known(photo.rgb, face), whole)
    eyes_only = replace(face, landmarks=face.landmarks.copy())
    eyes_only.landmarks[2:] = np.nan
    crop = align_known(photo.rgb, eyes_only)
    # Landmarks of one crop, found again in it, lie where the template has them.
    again = face_of(extractor, photo_of(np.pad(crop, ((60, 60), (60, 60), (0, 0)))))
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
        values = [measure_quality(photo_of(image), face).sharpness for image in images]
        assert all(sharp > blunt for sharp, blunt in itertools.pairwise(values)), values
        assert values[-1] < values[0] / 10


@pytest.mark.parametrize("file", FILES)
def test_sharpness_falls_as_a_photo_is_shrunk(
    extractor: Extractor, decode_photo: DecodePhoto, file: str
) -> None:
    rgb = decode_photo(file).rgb
    face = face_of(extractor, photo_of(rgb))
    values = []
    for face_px in (64, 40, 28, 20):
        scale = face_px / (face.right - face.left)
        size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
        small = photo_of(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8))
        values.append(measure_quality(small, face.scaled(scale, scale)).sharpness)
    assert all(sharp > blunt for sharp, blunt in itertools.pairwise(values)), values


def rotated(rgb: RGBImage, degrees: float) -> Photo:
    """A copy that is turned clockwise around its centre and keeps all of the photo."""
    rows, columns = rgb.shape[:2]
    side = int(np.hypot(rows, columns)) + 1
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), -degrees, 1)
    matrix[:, 2] += (side - columns) / 2, (side - rows) / 2
    return photo_of(np.asarray(cv2.warpAffine(rgb, matrix, (side, side)), np.uint8))


@pytest.mark.parametrize("file", FILES)
def test_roll_follows_a_rotated_photo(
    extractor: Extractor, decode_photo: DecodePhoto, file: str
) -> None:
    photo = decode_photo(file)

    def roll_after(degrees: float) -> float:
        copy = rotated(photo.rgb, degrees)
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
    mirrored = photo_of(np.ascontiguousarray(photo.rgb[:, ::-1]))
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
    return photo_of(np.asarray(cv2.remap(photo.rgb, x, rows, cv2.INTER_LINEAR), np.uint8))


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
