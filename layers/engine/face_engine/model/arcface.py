"""Builds DeepFace's ArcFace with RetinaFace or YuNet. Importing this imports deepface."""

from collections.abc import Callable
from pathlib import Path

from face_engine.deepface_compat.arcface import (
    ArcFaceEmbedder,
    DeepFaceCropper,
    DeepFaceEmbedder,
)
from face_engine.deepface_compat.clients import Detector as DeepFaceDetector
from face_engine.deepface_compat.clients import RetinaFaceDetector, YuNetDetector
from face_engine.deepface_compat.locator import DeepFaceLocator
from face_engine.deepface_compat.networks import ArcFaceNetwork
from face_engine.extractor import Extractor
from face_engine.model.choice import ModelChoice
from face_engine.model.detector import load_rotation_search
from face_engine.model.folder import ModelFolder
from face_engine.roles import DetectorLocator, FaceLocator, SimilarityCropper

# DeepFace's clients by the value of DETECTOR; each takes the path of its weights.
CLIENTS: dict[str, Callable[[Path], DeepFaceDetector]] = {
    "retinaface": RetinaFaceDetector,
    "yunet": YuNetDetector,
}


def build(choice: ModelChoice, folder: ModelFolder) -> Extractor:
    """Builds an ArcFace extractor.

    Raises:
        ModelUnavailable: a file is missing or broken.
    """
    entry = choice.entry
    name = choice.detector
    file = folder.find(entry, entry.detectors[name])
    network = ArcFaceNetwork(folder.find(entry, entry.embedder))
    rotation_search = load_rotation_search(choice, folder)
    if choice.alignment == "deepface":
        locator: FaceLocator = DeepFaceLocator(CLIENTS[name](file), rotation_search)
        cropper, embedder = DeepFaceCropper(name), DeepFaceEmbedder(network)
        return Extractor(locator, cropper, embedder, choice.weights_identity, name)
    # DeepFace's YuNet finds only the eyes, too few landmarks for this alignment.
    locator = (
        DetectorLocator(rotation_search)
        if name == choice.rotation_detector
        else DeepFaceLocator(CLIENTS[name](file), rotation_search, has_border=False)
    )
    return Extractor(
        locator, SimilarityCropper(), ArcFaceEmbedder(network), choice.weights_identity, name
    )
