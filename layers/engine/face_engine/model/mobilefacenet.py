"""Builds MobileFaceNet behind YuNet."""

from face_engine.detection.rotation import TurningDetector
from face_engine.detection.tilt import StraighteningDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.embedding.mobilefacenet import MobileFaceNetEmbedder
from face_engine.extractor import Extractor
from face_engine.model.choice import ModelChoice
from face_engine.model.folder import ModelFolder
from face_engine.roles import DetectorLocator, SimilarityCropper


def build(choice: ModelChoice, folder: ModelFolder) -> Extractor:
    """Builds the model.

    Raises:
        ModelUnavailable: a file is missing or broken.
    """
    entry = choice.entry
    yunet = YuNetDetector(folder.find(entry, entry.detectors["yunet"]).read_bytes())
    embedder = folder.find(entry, entry.embedder).read_bytes()
    return Extractor(
        DetectorLocator(TurningDetector(StraighteningDetector(yunet))),
        SimilarityCropper(),
        MobileFaceNetEmbedder(embedder),
        choice.weights_identity,
        choice.detector,
    )
