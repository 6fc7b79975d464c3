"""The extract image with FACE_MODEL=arcface: its own build bakes the tests' random weights."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from face_engine.faces import ExtractionOptions
from face_engine.model.catalog import sha256_of
from face_engine.model.loader import ModelLoader
from face_engine.photo import decode_image
from tests.support.baked import STEMS, BakedModel, bake_model
from tests.support.paths import EVENT_DIR
from tests.support.processes import run_module
from tests.support.project_copy import copy_project
from tools.base_image import NAME
from tools.build_images import buildah_options
from tools.image_contents import files_above
from tools.lambda_pool import Environment
from tools.mounted_image import MountedImage

pytestmark = pytest.mark.timeout(2400)
TAG = "face-extract-arcface"
MAX_BYTES = 514e6


@pytest.fixture(scope="module")
def baked() -> BakedModel:
    return bake_model()


@pytest.fixture(scope="module")
def image(
    baked: BakedModel,
    tmp_path_factory: pytest.TempPathFactory,
    report_figure: Callable[[str], None],
) -> Iterator[MountedImage]:
    """Built as users build it, but for the catalogue, which has the hashes of other weights."""
    context = tmp_path_factory.mktemp("context")
    copy_project(context)
    catalog = context / "layers" / "engine" / "face_engine" / "model" / "catalog.toml"
    shutil.copy(baked.catalog_file, catalog)
    (context / "models").mkdir()
    for path in (*baked.folder.glob("*.h5"), *baked.folder.glob("*yunet*")):
        shutil.copy(path, context / "models")
    start = time.perf_counter()
    with ExitStack() as stack:
        command = ["buildah", "build", *buildah_options(stack), "--tag", TAG]
        command += ["--file", "functions/extract/Dockerfile"]
        command += ["--build-arg", "FACE_MODEL=arcface", "--build-arg", f"BASE_IMAGE={NAME}"]
        subprocess.run([*command, "."], cwd=context, check=True)
    report_figure(f"{TAG}: built in {time.perf_counter() - start:.0f} s")
    mounted = MountedImage(TAG)
    yield mounted
    mounted.close()


@pytest.fixture(scope="module")
def environment(image: MountedImage) -> Iterator[Environment]:
    environment = image.start_environment()
    yield environment
    environment.stop()


def body_of(environment: Environment, event: str) -> dict[str, object]:
    answer = environment.invoke((EVENT_DIR / "extract" / event).read_bytes())
    assert not answer.failed, environment.log()
    assert answer.json()["statusCode"] == 200
    body: dict[str, object] = json.loads(answer.json()["body"])
    return body


def test_the_image_embeds_as_this_process_does(environment: Environment, baked: BakedModel) -> None:
    body = body_of(environment, "extract-embedding-v1.json")
    event = json.loads((EVENT_DIR / "extract" / "extract-embedding-v1.json").read_bytes())
    photo = decode_image(base64.b64decode(json.loads(event["body"])["image"]), 64_000_000)
    loader = ModelLoader("arcface", baked.folder, catalog=baked.catalog)
    ours = loader.load().extractor.extract(photo, ExtractionOptions())
    assert ours.embedding is not None
    assert body["model"] == ours.model
    assert body["face_count"] == ours.face_count == 1
    a, b = np.array(body["embedding"]), ours.embedding.astype(np.float64)
    assert 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b) < 1e-5


def test_the_bake_in_the_image_gives_the_same_files(
    environment: Environment, baked: BakedModel
) -> None:
    weights = body_of(environment, "model-info-v1.json")["weights"]
    assert isinstance(weights, list)
    told = {entry["file"]: entry["baked_sha256"] for entry in weights}
    for stem in STEMS.values():
        assert told[f"{stem}.h5"] == sha256_of(baked.folder / f"{stem}.ncnn")


def test_it_holds_what_it_needs_and_nothing_of_the_bake(
    image: MountedImage, report_figure: Callable[[str], None]
) -> None:
    base = MountedImage(NAME)
    files: dict[Path, int] = files_above(image, base)
    base.close()
    size = sum(files.values())
    report_figure(f"{TAG}: {size / 1e6:.1f} MB on top of its base image")
    assert size <= MAX_BYTES
    missing = run_module("tests.support.elf_files", "missing", image.root, *files)
    assert json.loads(missing) == {}
    packages = {path.parts[2] for path in files if path.parts[:2] == ("var", "task")}
    assert packages.isdisjoint({"tensorflow", "tf_keras", "pandas", "gdown", "requests", "lief"})
    assert {"deepface", "retinaface", "onnxruntime"} <= packages
    weights = {path.name for path in files if path.parts[:3] == ("var", "task", "models")}
    assert {"arcface_weights.ncnn", "retinaface.ncnn", "yunet.onnx", "manifest.json"} <= weights
    assert not any(name.endswith(".h5") for name in weights)
