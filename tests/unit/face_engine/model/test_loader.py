import shutil
import threading
from pathlib import Path

import pytest

from face_contract.errors import ModelUnavailable
from face_engine.model.loader import LoadedModel, ModelLoader
from tests.support.paths import MODEL_DIR


def test_the_model_is_loaded_once_for_all_threads() -> None:
    loader = ModelLoader("mobilefacenet", MODEL_DIR)
    assert not loader.is_loaded
    loader.check()
    assert not loader.is_loaded
    loaded: list[LoadedModel] = []
    threads = [threading.Thread(target=lambda: loaded.append(loader.load())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loader.is_loaded
    assert len(loaded) == 8
    assert len({id(model) for model in loaded}) == 1
    assert loaded[0].load_time_s > 0
    assert loader.choice.identity == loaded[0].extractor.identity


def test_a_failed_load_can_be_tried_again(tmp_path: Path) -> None:
    loader = ModelLoader("mobilefacenet", tmp_path)
    for act in (loader.check, loader.load):
        with pytest.raises(ModelUnavailable):
            act()
    shutil.copytree(MODEL_DIR, tmp_path, dirs_exist_ok=True)
    loader.check()
    assert loader.load().load_time_s > 0


def test_once_loaded_the_files_are_not_needed(tmp_path: Path) -> None:
    shutil.copytree(MODEL_DIR, tmp_path, dirs_exist_ok=True)
    loader = ModelLoader("mobilefacenet", tmp_path)
    loader.load()
    shutil.rmtree(tmp_path)
    loader.check()


def test_engines_have_versions() -> None:
    versions = ModelLoader("mobilefacenet", MODEL_DIR).choice.engine_versions
    assert set(versions) == {"onnxruntime", "opencv-python-headless"}
    versions = ModelLoader("arcface", MODEL_DIR).choice.engine_versions
    assert {"deepface", "ncnn", "retina-face", "onnxruntime"} < set(versions)


def test_mobilefacenet_has_one_detector_and_one_alignment() -> None:
    loader = ModelLoader("mobilefacenet", MODEL_DIR, "retinaface", "deepface")
    assert loader.choice.identity == "mobilefacenet-87aacdfe/yunet/similarity"
    loader = ModelLoader("arcface", MODEL_DIR, "retinaface", "deepface")
    assert loader.choice.identity == "arcface-6336979c/retinaface/deepface"
