"""Builds DeepFace's ArcFace with RetinaFace or YuNet. Importing this imports deepface."""

import logging
from collections.abc import Callable

from face_engine.deepface_compat.arcface import (
    ArcFaceEmbedder,
    DeepFaceCropper,
    DeepFaceEmbedder,
)
from face_engine.deepface_compat.clients import Detector as DeepFaceDetector
from face_engine.deepface_compat.clients import YuNetDetector
from face_engine.deepface_compat.locator import DeepFaceLocator
from face_engine.deepface_compat.networks import ArcFaceNetwork, RetinaFaceNetwork
from face_engine.deepface_compat.regional_network import FaceProposer, RegionalRetinaFace
from face_engine.deepface_compat.retinaface_detector import RetinaFaceDetector
from face_engine.detection.yunet_network import YuNet
from face_engine.extractor import Extractor
from face_engine.model.choice import ModelChoice, find_margin_px
from face_engine.model.detector import load_rotation_search
from face_engine.model.folder import ModelFolder
from face_engine.roles import DetectorLocator, FaceLocator, SimilarityCropper

logger = logging.getLogger(__name__)


def build(choice: ModelChoice, folder: ModelFolder) -> Extractor:
    """Builds an ArcFace extractor.

    Raises:
        ModelUnavailable: a file is missing or broken.
    """
    name = choice.detector
    network = ArcFaceNetwork(folder.find(choice.entry, choice.entry.embedder))
    rotation_search = load_rotation_search(choice, folder)
    if choice.alignment == "deepface":
        locator: FaceLocator = DeepFaceLocator(CLIENTS[name](choice, folder), rotation_search)
        cropper, embedder = DeepFaceCropper(name), DeepFaceEmbedder(network)
        return Extractor(locator, cropper, embedder, choice.weights_identity, name)
    # DeepFace's YuNet finds only the eyes, too few landmarks for this alignment.
    locator = (
        DetectorLocator(rotation_search)
        if name == choice.rotation_detector
        else DeepFaceLocator(CLIENTS[name](choice, folder), rotation_search, has_border=False)
    )
    return Extractor(
        locator, SimilarityCropper(), ArcFaceEmbedder(network), choice.weights_identity, name
    )


def load_yunet(choice: ModelChoice, folder: ModelFolder) -> DeepFaceDetector:
    """Loads DeepFace's YuNet.

    Raises:
        ModelUnavailable: a file is missing or broken.
    """
    return YuNetDetector(folder.find(choice.entry, choice.entry.detectors["yunet"]))


def load_retinaface(choice: ModelChoice, folder: ModelFolder) -> DeepFaceDetector:
    """Loads RetinaFace, to look at regions if that is certified and chosen.

    Raises:
        ModelUnavailable: a file is missing or broken.
    """
    entry = choice.entry
    network = RetinaFaceNetwork(folder.find(entry, entry.detectors["retinaface"]))
    margin_px = find_margin_px(choice, folder)
    if margin_px is None:
        logger.info("RetinaFace looks at whole photos: regions are off or not certified")
        return RetinaFaceDetector(network)
    yunet = YuNet(folder.find(entry, entry.detectors["yunet"]))
    return RetinaFaceDetector(RegionalRetinaFace(network, FaceProposer(yunet), margin_px))


# DeepFace's detectors by the value of DETECTOR.
CLIENTS: dict[str, Callable[[ModelChoice, ModelFolder], DeepFaceDetector]] = {
    "retinaface": load_retinaface,
    "yunet": load_yunet,
}
