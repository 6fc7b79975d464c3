"""Paths of the project, and the environment for child processes."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL_DIR = ROOT / "models"
PHOTO_DIR = ROOT / "tests" / "photos"
EVENT_DIR = ROOT / "events"
# Events of the functions built as images; the warm-up function is a zip.
IMAGE_EVENTS = sorted(
    path.relative_to(EVENT_DIR).as_posix()
    for function in ("extract", "compare")
    for path in EVENT_DIR.glob(f"{function}/*.json")
)
# The interpreter of the conversion, which has TensorFlow.
BAKE_PYTHON = ROOT / ".venv-bake" / "bin" / "python"
# Made by the tests (`tests.support.baked`).
WEIGHTS_DIR = ROOT / "tests" / "weights"


def subprocess_environment(**variables: str) -> dict[str, str]:
    """Returns an environment in which a child process finds the models, plus `variables`."""
    return {**os.environ, "MODEL_DIR": str(MODEL_DIR), **variables}
