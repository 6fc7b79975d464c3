"""The values that pass from a photo to its embedding, and the detector and embedder roles."""

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from face_contract.deadline import NEVER, Deadline
from face_contract.stages import StageTimes

# (H, W, 3) RGB, upright.
RGBImage: TypeAlias = NDArray[np.uint8]
# (5, 2) x and y in pixels: the person's right eye, left eye, nose tip, right and left mouth corner.
Landmarks: TypeAlias = NDArray[np.float64]
# (512,)
Embedding: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A box in pixels; the origin is the top left of the image.

    Raises:
        ValueError: the box is empty or starts outside of the image.
    """

    x: int
    y: int
    w: int
    h: int

    def __post_init__(self) -> None:
        if self.x < 0 or self.y < 0 or self.w < 1 or self.h < 1:
            raise ValueError(f"impossible box: {self}")


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face, in the pixels of the array that was searched.

    `left`, `top`, `right` and `bottom` may lie outside of the array when the border cuts the face
    off. `score` is the detector's confidence in [0, 1]. Rotating the array counter-clockwise by
    `quarter_turns` makes the face upright. `detector` is set if it is not the model's own detector.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    landmarks: Landmarks
    quarter_turns: int = 0
    detector: str | None = None

    @property
    def area(self) -> float:
        """The box's area in square pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def scaled(self, x_scale: float, y_scale: float) -> "Face":
        """Returns the face in the pixels of a scaled copy of the array."""
        return replace(
            self,
            left=self.left * x_scale,
            top=self.top * y_scale,
            right=self.right * x_scale,
            bottom=self.bottom * y_scale,
            landmarks=self.landmarks * (x_scale, y_scale),
        )


@dataclass(frozen=True, slots=True)
class Damage:
    """The damage of a photo's file.

    Args:
        sound: the part that was decoded before the damage, in the photo's own pixels; None if that
            part is unknown.
    """

    sound: BoundingBox | None


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo, and its size in the file.

    `rgb` may be smaller than the photo. Boxes are always in the photo's own pixels: `width` ×
    `height`, upright. `damage` is None unless the file is damaged.
    """

    rgb: RGBImage
    width: int
    height: int
    damage: Damage | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the file, for the client."""
        return () if self.damage is None else ("TRUNCATED_IMAGE",)

    def box_of(self, face: Face) -> BoundingBox:
        """Returns the face's box in the photo's pixels, clipped to the photo."""
        rows, columns = self.rgb.shape[:2]
        x_scale, y_scale = self.width / columns, self.height / rows
        left = min(max(round(face.left * x_scale), 0), self.width - 1)
        top = min(max(round(face.top * y_scale), 0), self.height - 1)
        right = min(max(round(face.right * x_scale), left + 1), self.width)
        bottom = min(max(round(face.bottom * y_scale), top + 1), self.height)
        return BoundingBox(left, top, right - left, bottom - top)

    def landmarks_of(self, face: Face) -> Landmarks:
        """Returns the face's landmarks in the photo's pixels.

        Some may be NaN, and those of a face that the border cuts off may lie outside.
        """
        rows, columns = self.rgb.shape[:2]
        landmarks: Landmarks = face.landmarks * (self.width / columns, self.height / rows)
        return landmarks

    @property
    def whole(self) -> BoundingBox:
        """The box that is the whole photo."""
        return BoundingBox(0, 0, self.width, self.height)


@dataclass(frozen=True, slots=True)
class ExtractionOptions:
    """The options of an extraction.

    Args:
        enforce_detection: refuse a photo that does not show exactly one face.
        align: align the face by its landmarks; otherwise embed its box.
        embed_without_face: embed the whole photo if it shows no face.
        deadline: checked between detection and embedding.
        stages: gets the times of detection, alignment and embedding.
    """

    enforce_detection: bool = True
    align: bool = True
    embed_without_face: bool = True
    deadline: Deadline = NEVER
    stages: StageTimes = field(default_factory=StageTimes, compare=False)


@dataclass(frozen=True, slots=True)
class Extraction:
    """The embedding of a photo's largest face.

    If no face was found, `face_count` is 0, `area` is the whole photo, and `embedding` is that of
    the whole photo or None. `model` names weights and preprocessing; `warnings` are the photo's.
    """

    embedding: Embedding | None
    face_count: int
    confidence: float
    area: BoundingBox
    model: str
    warnings: tuple[str, ...] = ()


class Detector(Protocol):
    """Finds faces."""

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces in an image in its pixels, best score first, without duplicates."""
        ...


class Embedder(Protocol):
    """Computes the embedding of a face crop."""

    def embed(self, crop_rgb: RGBImage) -> Embedding:
        """Returns the (512,) float32 embedding of a crop made by the same model's cropper.

        Raises:
            ModelFailed: the network's output is not a valid vector.
        """
        ...
