"""Never the wrong face: photos with several people, of whom each is known."""

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from face_contract.errors import MultipleFacesDetected
from face_engine.extractor import Extractor
from face_engine.faces import ExtractionOptions
from tests.support.composites import Placed, Subject, compose_card, scatter, whole_photo
from tests.support.vectors import cosine_distance

# Cosine distance below which an embedding is certainly of the person: strangers are above 0.7.
NEAR = 0.4
# In the photo's longer side: smaller turned faces need not be counted beside upright ones.
MIN_COUNTED_TURNED = 0.06
CARDS, SCATTERED = 30, 30


@pytest.fixture(scope="module")
def embeddings(extractor: Extractor, subjects: list[Subject]) -> dict[int, NDArray[np.float32]]:
    """Of each subject's own portrait, by its `id`."""
    vectors = {}
    for subject in subjects:
        vector = extractor.extract(whole_photo(subject.image_rgb), ExtractionOptions()).embedding
        assert vector is not None
        vectors[id(subject)] = vector
    return vectors


def distance(a: NDArray[np.float32] | None, b: NDArray[np.float32]) -> float:
    assert a is not None
    return cosine_distance(a, b)


@pytest.mark.parametrize("seed", range(CARDS))
def test_a_face_before_a_larger_one_hides_neither(
    extractor: Extractor,
    subjects: list[Subject],
    embeddings: dict[int, NDArray[np.float32]],
    seed: int,
) -> None:
    image, holder, _ = compose_card(subjects, random.Random(seed))
    found = extractor.extract(whole_photo(image), ExtractionOptions(enforce_detection=False))
    assert found.face_count == 2
    assert distance(found.embedding, embeddings[id(holder)]) < NEAR
    with pytest.raises(MultipleFacesDetected):
        extractor.extract(whole_photo(image), ExtractionOptions())


@pytest.mark.parametrize("seed", range(SCATTERED))
def test_the_largest_face_decides_whatever_its_turn(
    extractor: Extractor,
    subjects: list[Subject],
    embeddings: dict[int, NDArray[np.float32]],
    seed: int,
) -> None:
    image, placed = scatter(subjects, random.Random(seed))
    found = extractor.extract(whole_photo(image), ExtractionOptions(enforce_detection=False))
    largest = max(face.face_px for face in placed)
    # Boxes vary by a tenth with the pose: of faces that are nearly as large, any may be taken.
    acceptable = [face for face in placed if face.face_px > 0.85 * largest]
    assert min(distance(found.embedding, embeddings[id(f.subject)]) for f in acceptable) < NEAR
    assert count_certain(placed, max(image.shape)) <= found.face_count <= len(placed)


def count_certain(placed: list[Placed], side_px: int) -> int:
    return sum(face.face_px >= MIN_COUNTED_TURNED * side_px for face in placed)


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_boxes_of_turned_photos_are_exact(
    extractor: Extractor, subjects: list[Subject], quarter_turns: int
) -> None:
    for subject in subjects:
        upright = extractor.extract(whole_photo(subject.image_rgb), ExtractionOptions()).area
        sent = np.ascontiguousarray(np.rot90(subject.image_rgb, -quarter_turns))
        area = extractor.extract(whole_photo(sent), ExtractionOptions()).area
        marked = np.zeros(subject.image_rgb.shape[:2], bool)
        marked[upright.y : upright.y + upright.h, upright.x : upright.x + upright.w] = True
        found = np.zeros(sent.shape[:2], bool)
        found[area.y : area.y + area.h, area.x : area.x + area.w] = True
        assert np.array_equal(found, np.rot90(marked, -quarter_turns))
