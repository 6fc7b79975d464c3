import numpy as np
import pytest

from face_engine.embedding.mobilefacenet import EMBEDDING_NORM, MobileFaceNetEmbedder
from tests.support.paths import MODEL_DIR


@pytest.fixture(scope="module")
def embedder() -> MobileFaceNetEmbedder:
    return MobileFaceNetEmbedder((MODEL_DIR / "fr_feature.onnx").read_bytes())


def test_512_numbers_of_the_norm_that_fits_the_thresholds(embedder: MobileFaceNetEmbedder) -> None:
    crop = np.random.default_rng(3).integers(0, 256, (112, 112, 3), np.uint8)
    embedding = embedder.embed(crop)
    assert embedding.shape == (512,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(EMBEDDING_NORM, rel=1e-5)


def test_the_norm_makes_the_three_default_thresholds_one() -> None:
    # Cosine distance d of vectors of norm r is a Euclidean one of r · √(2d).
    assert np.sqrt(2 * 0.68) * EMBEDDING_NORM == pytest.approx(4.15, rel=0.04)
    assert pytest.approx(4.15) == EMBEDDING_NORM * 1.13


@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_blank_crop_has_an_embedding_too(embedder: MobileFaceNetEmbedder, value: int) -> None:
    assert np.isfinite(embedder.embed(np.full((112, 112, 3), value, np.uint8))).all()


def test_red_comes_first(embedder: MobileFaceNetEmbedder) -> None:
    crop = np.zeros((112, 112, 3), np.uint8)
    crop[..., 0] = 255
    assert not np.allclose(embedder.embed(crop), embedder.embed(crop[..., ::-1]), atol=0.05)
