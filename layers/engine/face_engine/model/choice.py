"""The chosen model, detector and alignment."""

import importlib.metadata
from dataclasses import dataclass

from face_engine.model.catalog import Catalog, ModelEntry, Weights, source_of
from face_engine.model.folder import ModelFolder


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model of the catalogue with one of its detectors and one of its alignments.

    Args:
        entry: the model.
        detector: a key of `entry.detectors`.
        alignment: "deepface" makes the same vectors as DeepFace; "similarity" maps five landmarks
            to the ArcFace template, as in the training of the networks.
        uses_regions: let RetinaFace look at parts of the image, if that is certified.
    """

    entry: ModelEntry
    detector: str
    alignment: str
    uses_regions: bool = True

    @property
    def identity(self) -> str:
        """The model identity of an extraction whose face is aligned."""
        return f"{self.weights_identity}/{self.detector}/{self.alignment}"

    @property
    def weights_identity(self) -> str:
        """The name of the embedding network's weights, as published."""
        return f"{self.entry.key}-{source_of(self.entry.embedder).sha256[:8]}"

    @property
    def rotation_detector(self) -> str:
        """The detector that finds out how a photo is rotated."""
        return self.entry.rotation_detector or self.detector

    @property
    def detectors(self) -> tuple[str, ...]:
        """The detectors to load."""
        return tuple(dict.fromkeys((self.detector, self.rotation_detector)))

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The files to load."""
        return (self.entry.embedder, *(self.entry.detectors[name] for name in self.detectors))

    @property
    def engine_versions(self) -> dict[str, str]:
        """Versions of the libraries that run the networks."""
        return {name: importlib.metadata.version(name) for name in self.entry.packages}


def choose_model(
    model: str, detector: str, alignment: str, catalog: Catalog, *, uses_regions: bool = True
) -> ModelChoice:
    """Returns the choice for the settings; what the model lacks becomes its default."""
    entry = catalog.models[model]
    return ModelChoice(
        entry,
        detector if detector in entry.detectors else next(iter(entry.detectors)),
        alignment if alignment in entry.alignments else entry.alignments[0],
        uses_regions,
    )


def find_margin_px(choice: ModelChoice, folder: ModelFolder) -> int | None:
    """Returns the margin of RetinaFace's regions, or None if it has to see whole photos."""
    certificate = folder.find_certificate(choice.entry)
    if choice.detector != "retinaface" or not choice.uses_regions:
        return None
    return certificate.margin_px if certificate is not None and certificate.is_earned else None
