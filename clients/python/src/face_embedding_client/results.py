"""Results of calls. Boxes and points are in pixels of the upright photo; the origin is top left."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

EMBEDDING_DIMENSIONS = 512

Metric: TypeAlias = Literal["cosine", "euclidean", "euclidean_l2"]


@dataclass(frozen=True, slots=True)
class Embedding:
    """A face embedding and the model that made it, which belong together.

    Args:
        vector: 512 finite numbers, not all zero.
        model: the `model` that came with it; None only if that was not stored. Calls pass it on,
            so that embeddings of different models are refused with `ModelMismatch`.

    Raises:
        ValueError: the vector is not as described.
    """

    # Not in the repr, which may be logged.
    vector: tuple[float, ...] = field(repr=False)
    model: str | None

    def __post_init__(self) -> None:
        if len(self.vector) != EMBEDDING_DIMENSIONS:
            raise ValueError(f"{len(self.vector)} numbers instead of {EMBEDDING_DIMENSIONS}")
        if not all(map(math.isfinite, self.vector)):
            raise ValueError("a number that is not finite")
        if not any(self.vector):
            raise ValueError("only zeros")


@dataclass(frozen=True, slots=True)
class Box:
    """A box."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Point:
    """A point. It may lie outside of the photo if the border cuts the face off."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Extraction:
    """A photo's largest face.

    If no face was found and none was required, `face_count` is 0, `facial_area` is the whole photo
    and `embedding` is that of the whole photo or None, as the service is set up. It is never a
    face's: check `face_count` before you store it.
    """

    embedding: Embedding | None
    face_count: int
    face_confidence: float
    facial_area: Box
    model: str
    warnings: tuple[str, ...]
    processing_time_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether two embeddings show the same person: if the distance is below the threshold."""

    is_same_person: bool
    distance: float
    similarity: float
    confidence: float
    threshold_used: float
    distance_metric: str


@dataclass(frozen=True, slots=True)
class PhotoError:
    """Why one photo of several has no result."""

    code: str
    message: str
    details: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points of a face; right and left are the person's. None if the detector gives none."""

    right_eye: Point | None
    left_eye: Point | None
    nose: Point | None
    mouth_right: Point | None
    mouth_left: Point | None


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How well a photo shows a face.

    Attributes:
        face_px: shorter side of the box.
        sharpness: variance of the Laplacian of the aligned face.
        roll_degrees: clockwise tilt.
        yaw_degrees: turn to the side, positive to the right of the photo; None if unknown.
    """

    face_px: int
    sharpness: float
    roll_degrees: float
    yaw_degrees: float | None


@dataclass(frozen=True, slots=True)
class Face:
    """A face of a photo."""

    embedding: Embedding
    face_confidence: float
    facial_area: Box
    landmarks: Landmarks
    quality: FaceQuality


@dataclass(frozen=True, slots=True)
class PhotoFaces:
    """The faces of one photo, the largest first, or the error that it has instead.

    With an error, `width`, `height` and `model` are None. `face_count` counts all faces, also those
    that were left out.
    """

    width: int | None
    height: int | None
    face_count: int
    faces: tuple[Face, ...]
    model: str | None
    warnings: tuple[str, ...]
    error: PhotoError | None


@dataclass(frozen=True, slots=True)
class PhotosFaces:
    """One result for each photo, in the order sent."""

    results: tuple[PhotoFaces, ...]
    model: str
    processing_time_ms: float


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """The face of one photo that is nearest to a person, or the error that it has instead.

    Without a face `is_same_person` is False and the numbers are None.
    """

    is_same_person: bool
    distance: float | None
    similarity: float | None
    confidence: float | None
    facial_area: Box | None
    face_confidence: float | None
    face_count: int
    model: str | None
    warnings: tuple[str, ...]
    error: PhotoError | None


@dataclass(frozen=True, slots=True)
class Matches:
    """One match for each photo, in the order sent."""

    matches: tuple[FaceMatch, ...]
    threshold_used: float
    distance_metric: str
    model: str
    processing_time_ms: float


@dataclass(frozen=True, slots=True)
class Health:
    """The service is ready. `model_loaded` is False until the first use has loaded the model."""

    status: str
    model: str
    embedding_dimensions: int
    model_loaded: bool
    version: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The service's model and limits.

    Attributes:
        model: display name.
        model_identity: the `model` of embeddings of aligned faces.
        distance_metrics: default threshold of each metric.
        limits: the largest input, by name.
        described: the whole answer.
    """

    model: str
    model_identity: str
    embedding_dimensions: int
    detector: str
    alignment: str
    distance_metrics: Mapping[str, float]
    limits: Mapping[str, int]
    model_loaded: bool
    described: Mapping[str, object] = field(repr=False)
