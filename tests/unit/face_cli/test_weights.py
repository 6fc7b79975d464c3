"""`face fetch`: what it converts here, and what it leaves to an interpreter with TensorFlow."""

import hashlib
import shutil
from pathlib import Path

import pytest

from face_cli.failures import Failure
from face_cli.weights import bring_weights
from face_engine.model.catalog import Artifact, ConvertedWeights, ModelEntry
from tests.support.paths import MODEL_DIR
from tests.unit.face_cli.conftest import Face


def test_files_that_are_there_are_kept_and_converted_again_only_if_needed(
    face: Face, tmp_path: Path
) -> None:
    for name in ("fr_feature.onnx", "face_detection_yunet_2023mar_int8bq.onnx"):
        shutil.copy(MODEL_DIR / name, tmp_path)
    for _ in range(2):
        ended = face("fetch", "--into", tmp_path)
        assert (ended.code, ended.stdout) == (0, "")
        assert ended.stderr == f"{tmp_path} holds the weights of mobilefacenet.\n"
        before = (tmp_path / "yunet.onnx").stat()
    assert before.st_size == (MODEL_DIR / "yunet.onnx").stat().st_size
    assert face("extract", "person_a_1.jpg").code == 0


@pytest.fixture
def keras_entry(tmp_path: Path) -> ModelEntry:
    """A model whose weights are converted with TensorFlow. Its artifact is there already."""
    content = b"weights"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.h5").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    artifact = Artifact("net.h5", "a network", len(content), digest, "MIT", ())
    weights = ConvertedWeights("net.param", "ArcFace", artifact)
    return ModelEntry("keras", "Keras", "nothing", (), weights, {}, None, ("similarity",))


def test_weights_that_are_not_converted_here_are_converted_by_the_given_interpreter(
    keras_entry: ModelEntry, tmp_path: Path
) -> None:
    folder, asked = tmp_path / "models", tmp_path / "asked.txt"
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\necho "$@" > {asked}\n')
    interpreter.chmod(0o755)
    bring_weights(keras_entry, folder, interpreter, ["--photos", "faces"])
    assert asked.read_text() == (
        f"-P -m model_build.bake --model keras --sources {folder} --into {folder} --photos faces\n"
    )
    interpreter.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(Failure, match="keras could not be converted"):
        bring_weights(keras_entry, folder, interpreter, [])


def test_without_that_interpreter_a_command_is_named_before_anything_is_fetched(
    keras_entry: ModelEntry, tmp_path: Path
) -> None:
    folder = tmp_path / "nothing"
    with pytest.raises(Failure, match="make weights FACE_MODEL=keras"):
        bring_weights(keras_entry, folder, tmp_path / "python", [])
    assert not folder.exists()
