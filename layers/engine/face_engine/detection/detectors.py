"""Detectors, keyed by their name in the catalogue."""

from collections.abc import Callable
from pathlib import Path

from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import Detector

# Each is built from its weights file, and finds faces in upright images.
DETECTORS: dict[str, Callable[[Path], Detector]] = {
    "yunet": YuNetDetector,
}
