"""Sharpness, roll and yaw of made heads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_engine.faces import Face, Landmarks, Photo
from face_engine.quality import NOSE_DEPTH, measure_quality, roll_degrees, yaw_degrees

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
