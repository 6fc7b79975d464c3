import numpy as np
import pytest

from face_engine.alignment import (
    ARCFACE_TEMPLATE,
    align_face,
    crop_face,
    fit_crop,
    similarity_transform,
)
from face_engine.faces import Face, Landmarks


def face_at(landmarks: Landmarks, box: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Face:
    return Face(*box, score=1.0, landmarks=landmarks)


def turn(points: Landmarks, degrees: float, scale: float, shift: tuple[float, float]) -> Landmarks:
    radians = np.radians(degrees)
    cos, sin = np.cos(radians), np.sin(radians)
    turned: Landmarks = scale * points @ np.array([(cos, sin), (-sin, cos)]) + np.array(shift)
    return turned


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 271])
@pytest.mark.parametrize("scale", [0.3, 1, 7])
def test_a_similarity_is_found_back_exactly(degrees: float, scale: float) -> None:
    seen = turn(ARCFACE_TEMPLATE, degrees, scale, (40, -9))
    matrix = similarity_transform(seen, ARCFACE_TEMPLATE)
    back = seen @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(back, ARCFACE_TEMPLATE, atol=1e-9)


def test_the_fit_is_the_least_squares_one_and_has_no_shear() -> None:
    seen = ARCFACE_TEMPLATE + np.random.default_rng(1).normal(0, 3, (5, 2))
    matrix = similarity_transform(seen, ARCFACE_TEMPLATE)
    assert matrix[0, 0] == matrix[1, 1]
    assert matrix[0, 1] == -matrix[1, 0]

    def error(m: np.ndarray) -> float:
        return float(np.sum((seen @ m[:, :2].T + m[:, 2] - ARCFACE_TEMPLATE) ** 2))

    for change in ([(1, 0, 0), (0, 1, 0)], [(0, -1, 0), (1, 0, 0)], [(0, 0, 1), (0, 0, 0)]):
        for step in (-1e-3, 1e-3):
            assert error(matrix + step * np.array(change)) > error(matrix)


def test_landmarks_in_one_point_are_refused() -> None:
    with pytest.raises(ValueError, match="one point"):
        similarity_transform(np.ones((5, 2)), ARCFACE_TEMPLATE)


@pytest.mark.parametrize("scale", [0.5, 1, 2, 3, 6])
def test_a_mark_on_a_landmark_lands_on_the_template(scale: float) -> None:
    # A bright disc on the nose, everywhere else black.
    landmarks = turn(ARCFACE_TEMPLATE, 20, scale, (300, 200))
    rows, columns = np.mgrid[0:1200, 0:1200]
    nose_x, nose_y = landmarks[2]
    disc = (columns - nose_x) ** 2 + (rows - nose_y) ** 2 < (5 * scale) ** 2
    image = np.repeat(disc[..., np.newaxis].astype(np.uint8) * 255, 3, axis=2)
    crop = align_face(image, face_at(landmarks))
    assert crop.shape == (112, 112, 3)
    weights = crop[..., 0].astype(float)
    seen_y, seen_x = (np.sum(grid * weights) / weights.sum() for grid in np.mgrid[0:112, 0:112])
    assert (seen_x, seen_y) == pytest.approx(tuple(ARCFACE_TEMPLATE[2]), abs=max(0.3, 0.2 / scale))


def test_a_wide_image_is_fitted_in_the_middle() -> None:
    crop = fit_crop(np.full((50, 100, 3), 200, np.uint8))
    assert (crop[28:84] == 200).all()
    assert (crop[:28] == 0).all()
    assert (crop[84:] == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (112, 112), (7, 5)])
def test_every_shape_can_be_fitted(shape: tuple[int, int]) -> None:
    assert fit_crop(np.full((*shape, 3), 9, np.uint8)).max() == 9


def test_a_box_over_the_border_is_cut() -> None:
    image = np.zeros((60, 60, 3), np.uint8)
    image[:30, :30] = 255
    crop = crop_face(image, face_at(ARCFACE_TEMPLATE, (-20, -20, 30, 30)))
    assert (crop == 255).all()
