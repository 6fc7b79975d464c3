"""Loads the configured model once per process, from checked files."""

import importlib
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from face_contract.errors import ModelUnavailable
from face_engine.alignment import CROP_SIZE_PX
from face_engine.extractor import Extractor
from face_engine.faces import ExtractionOptions, Photo
from face_engine.memory import return_freed_memory
from face_engine.model.catalog import Catalog, ConvertedWeights, read_catalog
from face_engine.model.choice import ModelChoice, choose_model, find_margin_px
from face_engine.model.folder import ModelFolder

logger = logging.getLogger(__name__)


class Builder(Protocol):
    """A module that builds a model of the catalogue."""

    def build(self, choice: ModelChoice, folder: ModelFolder) -> Extractor:
        """Builds the model's extractor.

        Raises:
            ModelUnavailable: a file is missing or broken.
        """
        ...


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A loaded model.

    Attributes:
        extractor: the model's extractor.
        load_time_s: how long loading took, in seconds.
        baked_sha256: SHA-256 of each loaded file that the bake converted, by its artifact's name.
        retinaface_margin_px: the margin of RetinaFace's regions; None if it sees whole photos or is
            not used.
    """

    extractor: Extractor
    load_time_s: float
    baked_sha256: dict[str, str]
    retinaface_margin_px: int | None


class ModelLoader:
    """Loads the model on first use; after a failure, tries again at the next use. Thread-safe."""

    def __init__(
        self,
        model: str,
        folder: Path,
        detector: str = "retinaface",
        alignment: str = "deepface",
        catalog: Catalog | None = None,
        *,
        uses_regions: bool = True,
    ) -> None:
        """Chooses the model without loading it.

        Args:
            model: a key of the catalogue.
            folder: the folder of its files.
            detector: ignored if the model does not have it.
            alignment: ignored if the model does not have it.
            catalog: the project's own by default.
            uses_regions: let RetinaFace look at parts of the image, if that is certified.
        """
        self.choice = choose_model(
            model, detector, alignment, catalog or read_catalog(), uses_regions=uses_regions
        )
        self._folder = folder
        self._loaded: LoadedModel | None = None
        self._lock = threading.Lock()

    @property
    def loaded(self) -> LoadedModel | None:
        """The loaded model; None before `load` has succeeded."""
        return self._loaded

    @property
    def is_loaded(self) -> bool:
        """Whether `load` has succeeded."""
        return self._loaded is not None

    @property
    def baked_sha256(self) -> dict[str, str]:
        """SHA-256 of each loaded file that the bake converted, by its artifact's name."""
        return self._loaded.baked_sha256 if self._loaded else {}

    def load(self) -> LoadedModel:
        """Returns the model; the first call loads it and measures the time.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        if self._loaded is not None:
            return self._loaded
        with self._lock:
            if self._loaded is None:
                start = time.perf_counter()
                folder = ModelFolder(self._folder)
                # Imported by name, because an image contains only the packages of its own builder.
                builder: Builder = importlib.import_module(self.choice.entry.builder)
                extractor = self._build(builder, folder)
                return_freed_memory()
                load_time_s = time.perf_counter() - start
                self._loaded = LoadedModel(
                    extractor,
                    load_time_s,
                    self._baked_sha256_of(folder),
                    find_margin_px(self.choice, folder),
                )
                logger.info("loaded %s in %.2f s", self.choice.entry.name, load_time_s)
            return self._loaded

    def _build(self, builder: Builder, folder: ModelFolder) -> Extractor:
        try:
            return builder.build(self.choice, folder)
        except ValueError as error:
            # A file with the hash that its bake recorded, but not one that this version makes.
            command = f"make weights FACE_MODEL={self.choice.entry.key}"
            raise ModelUnavailable(
                f"{error}. `{command}` bakes it.", {"command": command}
            ) from error

    def _baked_sha256_of(self, folder: ModelFolder) -> dict[str, str]:
        return {
            weights.source.file: folder.manifest[weights.file].sha256
            for weights in self.choice.weights
            if isinstance(weights, ConvertedWeights)
        }

    def warm_up(self) -> None:
        """Loads the model and runs it once, so that no request has to pay for the first run.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        blank = Photo(
            np.zeros((CROP_SIZE_PX, CROP_SIZE_PX, 3), np.uint8), CROP_SIZE_PX, CROP_SIZE_PX
        )
        self.load().extractor.extract(blank, ExtractionOptions(enforce_detection=False))

    def check(self) -> None:
        """Checks that the model is loaded or that its files are usable.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        if self._loaded is None:
            folder = ModelFolder(self._folder)
            for weights in self.choice.weights:
                folder.find(self.choice.entry, weights)
