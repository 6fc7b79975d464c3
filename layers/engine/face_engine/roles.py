"""The two roles that differ between models: locating faces and cropping them."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from face_engine.alignment import align_face, crop_face, fit_crop
from face_engine.faces import Detector, Face
from face_engine.views import Views

# The input of an embedder: (112, 112, 3) uint8 RGB, or (h, w, 3) uint8 BGR of any size for
# DeepFace's.
Crop: TypeAlias = NDArray[np.uint8]


class FaceLocator(Protocol):
    """Finds the faces of a photo."""

    def locate(self, views: Views, *, align: bool) -> list[Face]:
        """Returns the faces in the pixels of `views.rgb`, best score first, without duplicates.

        Args:
            views: the photo.
            align: whether the faces will be aligned.
        """
        ...


class FaceCropper(Protocol):
    """Cuts faces out of a photo."""

    @property
    def aligned(self) -> str:
        """The name of the alignment in a model identity."""
        ...

    @property
    def unaligned(self) -> str:
        """The name of cropping without alignment in a model identity."""
        ...

    def crop(self, views: Views, face: Face, *, align: bool) -> Crop:
        """Returns a crop of a face: aligned by its landmarks if `align`, else its box."""
        ...

    def crop_whole(self, views: Views) -> Crop:
        """Returns the whole photo as a crop."""
        ...


@dataclass(frozen=True, slots=True)
class DetectorLocator:
    """Runs a detector on the photo itself; it ignores whether the faces will be aligned."""

    detector: Detector

    def locate(self, views: Views, *, align: bool) -> list[Face]:  # noqa: ARG002
        """Returns the faces; `align` makes no difference."""
        return self.detector.detect(views.rgb)


@dataclass(frozen=True, slots=True)
class SimilarityCropper:
    """Crops to (112, 112, 3) uint8 RGB, aligned by five landmarks on the ArcFace template."""

    aligned: str = "similarity"
    unaligned: str = "box"

    def crop(self, views: Views, face: Face, *, align: bool) -> Crop:
        """Returns the aligned face, or its box."""
        return align_face(views.rgb, face) if align else crop_face(views.rgb, face)

    def crop_whole(self, views: Views) -> Crop:
        """Returns the photo in a black square, proportions kept."""
        return fit_crop(views.rgb)
