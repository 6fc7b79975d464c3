"""The two roles that differ between models: finding faces, and cutting them out."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from face_engine.alignment import align_face, crop_face, fit_crop
from face_engine.faces import Detector, Face
from face_engine.views import Views

# What an embedder takes: (112, 112, 3) RGB, or (h, w, 3) BGR of any size for DeepFace's.
Crop: TypeAlias = NDArray[np.uint8]


class FaceLocator(Protocol):
    """Finds the faces of a photo."""

    def locate(self, views: Views, *, align: bool) -> list[Face]:
        """Returns the faces in the pixels of `views.rgb`, best score first, none twice.

        Args:
            views: the photo.
            align: whether the faces will be aligned.
        """
        ...


class FaceCropper(Protocol):
    """Cuts faces out of a photo."""

    @property
    def aligned(self) -> str:
        """Names the alignment in a model identity."""
        ...

    @property
    def unaligned(self) -> str:
        """Names a crop without alignment there."""
        ...

    def crop(self, views: Views, face: Face, *, align: bool) -> Crop:
        """Returns a face's crop, aligned by its landmarks or as its box is."""
        ...

    def crop_whole(self, views: Views) -> Crop:
        """Returns the whole photo as a crop."""
        ...


@dataclass(frozen=True, slots=True)
class DetectorLocator:
    """A detector that looks at the photo as it is."""

    detector: Detector

    def locate(self, views: Views, *, align: bool) -> list[Face]:  # noqa: ARG002
        """Returns the faces; alignment makes no difference."""
        return self.detector.detect(views.rgb)


@dataclass(frozen=True, slots=True)
class SimilarityCropper:
    """Crops of (112, 112, 3), red first, with five landmarks on the ArcFace template."""

    aligned: str = "similarity"
    unaligned: str = "box"

    def crop(self, views: Views, face: Face, *, align: bool) -> Crop:
        """Returns a face's crop."""
        return align_face(views.rgb, face) if align else crop_face(views.rgb, face)

    def crop_whole(self, views: Views) -> Crop:
        """Returns the photo, proportions kept, in a black square."""
        return fit_crop(views.rgb)
