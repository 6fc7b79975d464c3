"""A copy of the project to build in."""

import shutil
from pathlib import Path

from tests.support.paths import ROOT

# What .dockerignore lets through, and what SAM reads.
FOLDERS = ("container", "model_build", "requirements", "functions", "layers", "events")
FILES = (".dockerignore", "template.yaml", "samconfig.toml")


def copy_project(folder: Path) -> None:
    """Copies all that images and functions are built from, but no weights."""
    for name in FOLDERS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
