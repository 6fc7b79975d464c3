"""Builds the configured model once for the process, from files that were checked."""

import importlib.metadata
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from face_engine.alignment import CROP_SIZE_PX
from face_engine.detection.rotation import TurningDetector
from face_engine.detection.tilt import StraighteningDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.embedding.mobilefacenet import MobileFaceNetEmbedder
from face_engine.extractor import LandmarkExtractor
from face_engine.faces import ExtractionOptions, FaceExtractor, Photo
from face_engine.model.catalog import (
    Alignment,
    Baked,
    Catalog,
    ModelEntry,
    Weights,
    read_catalog,
    source_of,
)
from face_engine.model.folder import find_weights, read_manifest

logger = logging.getLogger(__name__)

# Libraries that run the networks: their versions are part of how a vector came about.
ENGINE_PACKAGES = {
    "mobilefacenet": ("onnxruntime", "opencv-python-headless"),
    "arcface": ("deepface", "onnxruntime", "opencv-python-headless", "retina-face"),
}


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model, and how its faces are found and aligned.

    Args:
        entry: the model.
        detector: a key of `entry.detectors`.
        alignment: "deepface" makes the vectors that DeepFace makes; "similarity" puts five
            landmarks on the ArcFace template, as the networks were trained.
    """

    entry: ModelEntry
    detector: str
    alignment: Alignment

    @property
    def identity(self) -> str:
        """The `model` of an extraction whose face was aligned."""
        return f"{self.weights_identity}/{self.detector}/{self.alignment}"

    @property
    def weights_identity(self) -> str:
        """Names the embedding network's weights as they were published."""
        return f"{self.entry.key}-{source_of(self.entry.embedder).sha256[:8]}"

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The files that are loaded: YuNet always, since it tells which way is up."""
        needed = dict.fromkeys((self.detector, "yunet"))
        return (self.entry.embedder, *(self.entry.detectors[name] for name in needed))

    @property
    def engine_versions(self) -> dict[str, str]:
        """Versions of the libraries that run the networks."""
        packages = ENGINE_PACKAGES[self.entry.key]
        return {name: importlib.metadata.version(name) for name in packages}


def choose_model(model: str, detector: str, alignment: Alignment, catalog: Catalog) -> ModelChoice:
    """Returns what the settings ask for; what a model does not have is replaced by its default."""
    entry = catalog.models[model]
    return ModelChoice(
        entry,
        detector if detector in entry.detectors else next(iter(entry.detectors)),
        alignment if alignment in entry.alignments else entry.alignments[0],
    )


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that can be used.

    Attributes:
        extractor: the model.
        load_time_s: how long it took to load.
        baked_sha256: of each loaded file that was baked, by the file that it was made of.
    """

    extractor: FaceExtractor
    load_time_s: float
    baked_sha256: dict[str, str]


def build_extractor(choice: ModelChoice, folder: Path) -> FaceExtractor:
    """Builds a model from its files.

    Raises:
        ModelUnavailable: a file is missing or is not what the catalogue says.
    """
    entry = choice.entry
    yunet = find_weights(entry, entry.detectors["yunet"], folder).read_bytes()
    embedder = find_weights(entry, entry.embedder, folder)
    turning = TurningDetector(StraighteningDetector(YuNetDetector(yunet)))
    if entry.key == "mobilefacenet":
        network = MobileFaceNetEmbedder(embedder.read_bytes())
        return LandmarkExtractor(turning, network, choice.weights_identity, choice.detector)
    # They import deepface, which takes a second and which the image of mobilefacenet has not.
    from face_engine.deepface_compat.arcface import ArcFaceEmbedder, ArcFaceExtractor
    from face_engine.deepface_compat.clients import ArcFace, PooledYuNet, RetinaFaceDetector
    from face_engine.deepface_compat.face_finder import FaceFinder, FinderDetector

    arcface = ArcFace(embedder)
    if choice.detector == "yunet":
        finder = FaceFinder(PooledYuNet(yunet), "yunet", turning)
    else:
        retinaface = find_weights(entry, entry.detectors["retinaface"], folder)
        finder = FaceFinder(RetinaFaceDetector(retinaface), "retinaface", turning)
    if choice.alignment == "deepface":
        return ArcFaceExtractor(arcface, finder, choice.weights_identity)
    # DeepFace's YuNet gives no more than the eyes.
    detector = turning if choice.detector == "yunet" else FinderDetector(finder)
    return LandmarkExtractor(
        detector, ArcFaceEmbedder(arcface), choice.weights_identity, choice.detector
    )


class ModelLoader:
    """Loads the model at the first need, and again after a failure: the files may come back."""

    def __init__(
        self,
        model: str,
        folder: Path,
        detector: str = "retinaface",
        alignment: Alignment = "deepface",
        catalog: Catalog | None = None,
    ) -> None:
        """Chooses the model; nothing is loaded yet.

        Args:
            model: a key of the catalogue.
            folder: where its files are.
            detector: of a model that has several.
            alignment: of a model that has several.
            catalog: the project's own by default.
        """
        self.choice = choose_model(model, detector, alignment, catalog or read_catalog())
        self._folder = folder
        self._loaded: LoadedModel | None = None
        self._lock = threading.Lock()

    @property
    def loaded(self) -> LoadedModel | None:
        """What `load` has loaded; None before."""
        return self._loaded

    @property
    def is_loaded(self) -> bool:
        """Whether `load` has succeeded."""
        return self._loaded is not None

    @property
    def baked_sha256(self) -> dict[str, str]:
        """Of each loaded file that was baked, by the file that it was made of."""
        return self._loaded.baked_sha256 if self._loaded else {}

    def load(self) -> LoadedModel:
        """Returns the model; the first call loads it, and its time is remembered.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        if self._loaded is not None:
            return self._loaded
        with self._lock:
            if self._loaded is None:
                start = time.perf_counter()
                extractor = build_extractor(self.choice, self._folder)
                load_time_s = time.perf_counter() - start
                self._loaded = LoadedModel(extractor, load_time_s, self._read_baked_sha256())
                logger.info("loaded %s in %.2f s", self.choice.entry.name, load_time_s)
            return self._loaded

    def _read_baked_sha256(self) -> dict[str, str]:
        # The files were held to it a moment ago.
        manifest = read_manifest(self._folder)
        return {
            weights.source.file: manifest[weights.file].sha256
            for weights in self.choice.weights
            if isinstance(weights, Baked) and weights.file in manifest
        }

    def warm_up(self) -> None:
        """Loads the model and runs it once, so that no request is the first to do so.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        blank = Photo(
            np.zeros((CROP_SIZE_PX, CROP_SIZE_PX, 3), np.uint8), CROP_SIZE_PX, CROP_SIZE_PX
        )
        self.load().extractor.extract(blank, ExtractionOptions(enforce_detection=False))

    def check(self) -> None:
        """Makes sure that the model is loaded or can be.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        if self._loaded is None:
            for weights in self.choice.weights:
                find_weights(self.choice.entry, weights, self._folder)
