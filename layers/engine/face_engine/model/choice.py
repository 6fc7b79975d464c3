"""Which model runs, and how it finds and aligns faces."""

import importlib.metadata
from dataclasses import dataclass

from face_engine.model.catalog import Catalog, ModelEntry, Weights, source_of


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model of the catalogue, with one of its detectors and one of its alignments.

    Args:
        entry: the model.
        detector: a key of `entry.detectors`.
        alignment: "deepface" makes the vectors that DeepFace makes; "similarity" puts five
            landmarks on the ArcFace template, as the networks were trained.
    """

    entry: ModelEntry
    detector: str
    alignment: str

    @property
    def identity(self) -> str:
        """The `model` of an extraction whose face was aligned."""
        return f"{self.weights_identity}/{self.detector}/{self.alignment}"

    @property
    def weights_identity(self) -> str:
        """Names the embedding network's weights as they were published."""
        return f"{self.entry.key}-{source_of(self.entry.embedder).sha256[:8]}"

    @property
    def turning_detector(self) -> str:
        """The detector that decides which way is up."""
        return self.entry.turning_detector or self.detector

    @property
    def detectors(self) -> tuple[str, ...]:
        """The detectors that are loaded."""
        return tuple(dict.fromkeys((self.detector, self.turning_detector)))

    @property
    def weights(self) -> tuple[Weights, ...]:
        """The files that are loaded."""
        return (self.entry.embedder, *(self.entry.detectors[name] for name in self.detectors))

    @property
    def engine_versions(self) -> dict[str, str]:
        """Versions of the libraries that run the networks."""
        return {name: importlib.metadata.version(name) for name in self.entry.packages}


def choose_model(model: str, detector: str, alignment: str, catalog: Catalog) -> ModelChoice:
    """Returns what the settings ask for; what a model does not have is replaced by its default."""
    entry = catalog.models[model]
    return ModelChoice(
        entry,
        detector if detector in entry.detectors else next(iter(entry.detectors)),
        alignment if alignment in entry.alignments else entry.alignments[0],
    )
