"""Photos that are named on the command line."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from face_cli.failures import Failure

if TYPE_CHECKING:
    from face_embedding_client import Photo

# Formats that the service reads, HEIC only if its optional package is installed.
SUFFIXES = {
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg"),
    *(".png", ".tif", ".tiff", ".webp"),
}


def find_photo(name: str) -> "Photo":
    """Returns a photo by its path or its URL."""
    return name if name.lower().startswith(("http://", "https://")) else Path(name)


def find_photos(folder: Path) -> list[Path]:
    """Returns the photos in a folder and the folders in it, by their suffixes, in order.

    Hidden files and folders are left out.

    Raises:
        Failure: there are none.
        OSError: a folder cannot be read.
    """
    photos = []

    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        photos += [
            Path(parent, name)
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
    if not photos:
        raise Failure(f"{folder}: There are no photos in this folder.")
    return sorted(photos)
