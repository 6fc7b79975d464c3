"""Test weights of the real networks, and a model baked from them; made once and cached."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from face_engine.model.catalog import CATALOG_FILE, Catalog, ModelEntry, read_catalog, sha256_of
from face_engine.model.folder import ModelFolder
from model_build.conversion import ENVIRONMENT
from model_build.networks import NETWORKS
from tests.support.paths import (
    BAKE_PYTHON,
    MODEL_DIR,
    PHOTO_DIR,
    ROOT,
    WEIGHTS_DIR,
    subprocess_environment,
)

Result = TypeVar("Result")

# Files that the weights depend on; a change makes them anew.
SOURCES = (
    "requirements/bake.txt",
    "model_build/bake.py",
    "model_build/certify.py",
    "layers/engine/face_engine/model/catalog.toml",
    "model_build/conversion.py",
    "model_build/converters.py",
    "model_build/export.py",
    "model_build/ncnn_export.py",
    "model_build/ncnn_graph.py",
    "model_build/ncnn_surroundings.py",
    "model_build/networks.py",
    "model_build/parity.py",
    "model_build/yunet.py",
    # What the certificate certifies.
    "layers/engine/face_engine/deepface_compat/networks.py",
    "layers/engine/face_engine/deepface_compat/regional_network.py",
    "layers/engine/face_engine/deepface_compat/regions.py",
    "layers/engine/face_engine/deepface_compat/retinaface_detector.py",
    "layers/engine/face_engine/detection/yunet_network.py",
    "layers/engine/face_engine/deepface_compat/locator.py",
    "layers/engine/face_engine/inference/ncnn_file.py",
    "layers/engine/face_engine/inference/ncnn_network.py",
    "layers/engine/face_engine/model/certificate.py",
    "layers/engine/face_engine/model/folder.py",
    "tests/support/fitted_heads.npz",
    "tests/photos.toml",
    "tests/support/random_weights.py",
)
# The published file, also for DeepFace.
YUNET = "face_detection_yunet_2023mar_int8bq.onnx"
STEMS = {name: Path(spec.weights_file).stem for name, spec in NETWORKS.items()}


@dataclass(frozen=True, slots=True)
class Conversion:
    """A network's weights, the file converted from them, and an ONNX file for DeepFace."""

    weights: Path
    converted: Path
    onnx: Path


@dataclass(frozen=True, slots=True)
class BakedModel:
    """The folder of the baked model `arcface`, and its catalogue."""

    folder: Path
    catalog_file: Path

    @property
    def entry(self) -> ModelEntry:
        """The model in its catalogue."""
        return self.catalog.models["arcface"]

    @property
    def catalog(self) -> Catalog:
        """The parsed catalogue."""
        return read_catalog(self.catalog_file)


def bake_model() -> BakedModel:
    """Returns the baked model; the first call makes it with the bake command.

    Tests in another process wait for it.
    """
    WEIGHTS_DIR.mkdir(exist_ok=True)
    with (WEIGHTS_DIR / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _bake_model()


def _bake_model() -> BakedModel:
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update((ROOT / source).read_bytes())
    folder = WEIGHTS_DIR / digest.hexdigest()[:16]
    model = BakedModel(folder, folder / "catalog.toml")
    if model.catalog_file.exists() and ModelFolder(folder).find_certificate(model.entry):
        return model
    for old in WEIGHTS_DIR.glob("*/"):
        shutil.rmtree(old)
    folder.mkdir()
    for_both_networks(lambda network: _make_weights(network, folder))
    shutil.copy(MODEL_DIR / YUNET, folder)
    # The project's catalogue with the hashes of the test weights; hashes cannot be switched off.
    catalog = CATALOG_FILE.read_text("utf-8")
    for stem in STEMS.values():
        artifact = read_catalog().artifacts[f"{stem}.h5"]
        made = folder / f"{stem}.h5"
        catalog = catalog.replace(artifact.sha256, sha256_of(made))
        catalog = catalog.replace(str(artifact.bytes), str(made.stat().st_size))
    model.catalog_file.write_text(catalog, "utf-8")
    folders: list[str | Path] = ["--sources", folder, "--into", folder]
    model_of_ours: list[str | Path] = ["--model", "arcface", "--catalog", model.catalog_file]
    # As they are: in what can be made of them, the fitted heads find faces that are none.
    certifying: list[str | Path] = ["--own-photos", PHOTO_DIR]
    run_baking("model_build.bake", *model_of_ours, *folders, *certifying, KEEP_ONNX="1")
    return model


def for_both_networks(work: Callable[[str], Result]) -> dict[str, Result]:
    """Calls `work` for each network and returns the results, keyed by network.

    Both run at once, because TensorFlow uses only one processor while it starts, builds and traces.
    """
    with ThreadPoolExecutor(len(NETWORKS)) as pool:
        return dict(zip(NETWORKS, pool.map(work, NETWORKS), strict=True))


def _make_weights(network: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        run_baking("tests.support.random_weights", network, folder, home=home)


def bake(network: str) -> Conversion:
    """Returns the weights and the ONNX file of a network."""
    folder = bake_model().folder
    stem = folder / STEMS[network]
    return Conversion(*(stem.with_suffix(suffix) for suffix in (".h5", ".ncnn", ".onnx")))


def run_baking(
    module: str,
    *arguments: str | Path,
    succeeds: bool = True,
    home: str = "",
    **environment: str,
) -> str:
    """Runs a module with the interpreter of the conversion; returns its stderr.

    `home` is DEEPFACE_HOME, for modules that import deepface in their own process.

    Raises:
        AssertionError: it failed although `succeeds` is true, or the reverse.
    """
    done = subprocess.run(
        [BAKE_PYTHON, "-m", module, *arguments],
        # Packages of the interpreter have folders that are called `tests`, too.
        cwd=ROOT,
        env=subprocess_environment(
            **(ENVIRONMENT if home else {}), **environment, DEEPFACE_HOME=home
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == succeeds, done.stderr
    return done.stderr
