"""Loads the search for faces in all rotations."""

from face_engine.detection.detectors import DETECTORS
from face_engine.detection.rotation import RotationSearch
from face_engine.detection.tilt import StraighteningDetector
from face_engine.model.choice import ModelChoice
from face_engine.model.folder import ModelFolder


def load_rotation_search(choice: ModelChoice, folder: ModelFolder) -> RotationSearch:
    """Loads the search for faces in all rotations, with the model's detector for it.

    Raises:
        ModelUnavailable: its file is missing or broken.
    """
    name = choice.rotation_detector
    weights = folder.find(choice.entry, choice.entry.detectors[name])
    return RotationSearch(StraighteningDetector(DETECTORS[name](weights)))
