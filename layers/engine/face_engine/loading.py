"""Builds the configured model once for the process, from files that were checked."""

import importlib.metadata
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from face_engine.alignment import CROP_SIZE_PX
from face_engine.catalog import ModelEntry, read_catalog, source_of
from face_engine.extractor import LandmarkExtractor, aligned_identity
from face_engine.faces import ExtractionOptions, FaceExtractor, Photo
from face_engine.mobilefacenet import MobileFaceNetEmbedder
from face_engine.turning import TurningDetector
from face_engine.weights import find_weights
from face_engine.yunet import YuNetDetector

logger = logging.getLogger(__name__)

# Libraries that run the networks: their versions are part of how a vector came about.
ENGINE_PACKAGES = ("onnxruntime", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that can be used, and how long it took to load."""

    extractor: FaceExtractor
    load_time_s: float


def build_extractor(entry: ModelEntry, folder: Path) -> FaceExtractor:
    """Builds a model from its files.

    Raises:
        ModelUnavailable: a file is missing or is not what the catalogue says.
    """
    detector = YuNetDetector(find_weights(entry, entry.detectors["yunet"], folder).read_bytes())
    return LandmarkExtractor(
        detector=TurningDetector(detector),
        embedder=MobileFaceNetEmbedder(find_weights(entry, entry.embedder, folder).read_bytes()),
        weights_identity=weights_identity(entry),
    )


def weights_identity(entry: ModelEntry) -> str:
    """Names a model's weights and detector."""
    return f"{entry.key}-{source_of(entry.embedder).sha256[:8]}/yunet"


def engine_versions() -> dict[str, str]:
    """Returns the versions of the libraries that run the networks."""
    return {name: importlib.metadata.version(name) for name in ENGINE_PACKAGES}


class ModelLoader:
    """Loads the model at the first need, and again after a failure: the files may come back."""

    def __init__(self, model: str, folder: Path) -> None:
        """Chooses the model; nothing is loaded yet.

        Args:
            model: a key of the catalogue.
            folder: where its files are.
        """
        self.entry = read_catalog().models[model]
        self._folder = folder
        self._loaded: LoadedModel | None = None
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        """The `model` of an extraction whose face was aligned."""
        return aligned_identity(weights_identity(self.entry))

    @property
    def is_loaded(self) -> bool:
        """Whether `load` has succeeded."""
        return self._loaded is not None

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
                extractor = build_extractor(self.entry, self._folder)
                self._loaded = LoadedModel(extractor, time.perf_counter() - start)
                logger.info("loaded %s in %.2f s", self.entry.name, self._loaded.load_time_s)
            return self._loaded

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
            for artifact in self.entry.artifacts:
                find_weights(self.entry, artifact, self._folder)
