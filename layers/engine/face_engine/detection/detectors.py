"""Detectors, keyed by their name in the catalogue."""

from collections.abc import Callable

from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import Detector

# Each is built from the content of its weights file, and finds faces in upright images.
DETECTORS: dict[str, Callable[[bytes], Detector]] = {
    "yunet": YuNetDetector,
}
