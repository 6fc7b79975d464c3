"""Copies the project into a folder for builds."""

import shutil
from pathlib import Path

from tests.support.paths import ROOT

# The folders that .dockerignore admits, and those that SAM reads.
FOLDERS = ("container", "model_build", "requirements", "functions", "layers", "events")
FILES = (".dockerignore", "template.yaml", "samconfig.toml")


def copy_project(folder: Path) -> None:
    """Copies everything needed to build images and functions, except weights."""
    for name in FOLDERS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
