"""Builds MobileFaceNet with one of its detectors."""

from face_engine.embedding.mobilefacenet import MobileFaceNetEmbedder
from face_engine.extractor import Extractor
from face_engine.model.choice import ModelChoice
from face_engine.model.detector import load_rotation_search
from face_engine.model.folder import ModelFolder
from face_engine.roles import DetectorLocator, SimilarityCropper


def build(choice: ModelChoice, folder: ModelFolder) -> Extractor:
    """Builds a MobileFaceNet extractor.

    Raises:
        ModelUnavailable: a file is missing or broken.
    """
    entry = choice.entry
    return Extractor(
        DetectorLocator(load_rotation_search(choice, folder)),
        SimilarityCropper(),
        MobileFaceNetEmbedder(folder.find(entry, entry.embedder).read_bytes()),
        choice.weights_identity,
        choice.detector,
    )
