"""Loads the detector that finds the faces of all turns."""

from face_engine.detection.detectors import DETECTORS
from face_engine.detection.rotation import TurningDetector
from face_engine.detection.tilt import StraighteningDetector
from face_engine.model.choice import ModelChoice
from face_engine.model.folder import ModelFolder


def load_turning_detector(choice: ModelChoice, folder: ModelFolder) -> TurningDetector:
    """Loads the detector that decides which way is up.

    Raises:
        ModelUnavailable: its file is missing or broken.
    """
    name = choice.turning_detector
    weights = folder.find(choice.entry, choice.entry.detectors[name]).read_bytes()
    return TurningDetector(StraighteningDetector(DETECTORS[name](weights)))
