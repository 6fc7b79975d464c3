"""The JSON bodies of the two requests with many photos: extract-embeddings and match-faces."""

from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    StrictBool,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from face_contract.distance import EMBEDDING_DIMENSIONS, DistanceMetric
from face_contract.schemas import (
    CONFIDENCE,
    EXAMPLE_EMBEDDING,
    EXAMPLE_IDENTITY,
    SIMILARITY,
    EmbeddingFormat,
    ErrorBody,
    FacialArea,
    ModelIdentity,
    ProcessingTime,
    Schema,
    SentImage,
    Threshold,
    ThresholdUsed,
    UsedMetric,
    Warnings,
    WrittenAs,
    is_number,
)
from face_contract.vectors import BASE64_CHARS

MAX_EXTRACTED_IMAGES = 16
MAX_MATCHED_IMAGES = 20
MAX_FACES = 100


def _check_embedding(value: object) -> object:
    # The numbers themselves are judged later: what is wrong with them is INVALID_EMBEDDING.
    is_list = isinstance(value, list) and all(map(is_number, value))
    if is_list or isinstance(value, str):
        return value
    raise PydanticCustomError("embedding", "Input should be a list of numbers or base64 text")


def _read_whole(value: object) -> object:
    # In JSON, 33.0 is an integer.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Align = Annotated[
    StrictBool, Field(description="Align faces by their landmarks; false embeds their boxes as is.")
]
MinFacePx = Annotated[
    StrictInt,
    Field(
        ge=0,
        description="Leave out faces whose box has a shorter side below this many pixels.",
    ),
    BeforeValidator(_read_whole),
]
PhotoError = Annotated[
    ErrorBody | None, Field(description="Why this photo has no result; null if it has one.")
]
FaceCount = Annotated[
    int, Field(ge=0, description="How many faces were found, those left out included.")
]
MadeBy = Annotated[
    str | None,
    Field(
        description="Identity of the model behind the result; null with an error.",
        examples=[EXAMPLE_IDENTITY],
    ),
]


class FaceChoice(Schema):
    """Which faces of a photo to embed, and how."""

    align: Align = True
    max_faces: Annotated[StrictInt, Field(ge=1, le=MAX_FACES), BeforeValidator(_read_whole)] = (
        Field(MAX_FACES, description="Most faces of each photo; the largest are kept.")
    )
    min_face_px: MinFacePx = 0
    min_confidence: StrictFloat = Field(
        0.0, ge=0, le=1, description="Leave out faces whose detector's score is below this."
    )
    embedding_format: WrittenAs = EmbeddingFormat.FLOAT


class ExtractManyRequest(FaceChoice):
    """Photos, and which of their faces to embed."""

    images: list[SentImage] = Field(
        min_length=1, max_length=MAX_EXTRACTED_IMAGES, description="The photos."
    )


class Point(Schema):
    """A point in pixels of the upright image; it may lie outside if the border cuts a face."""

    x: float = Field(description="From the left edge.")
    y: float = Field(description="From the top edge.")


class Landmarks(Schema):
    """Five points of a face; right and left are the person's. Null if the detector gives none."""

    right_eye: Point | None = Field(
        description="Centre of the person's right eye.", examples=[{"x": 150.2, "y": 148.0}]
    )
    left_eye: Point | None = Field(
        description="Centre of the person's left eye.", examples=[{"x": 251.7, "y": 145.3}]
    )
    nose: Point | None = Field(description="Tip of the nose.", examples=[{"x": 203.5, "y": 205.9}])
    mouth_right: Point | None = Field(
        description="Right corner of the mouth.", examples=[{"x": 163.1, "y": 251.4}]
    )
    mouth_left: Point | None = Field(
        description="Left corner of the mouth.", examples=[{"x": 243.8, "y": 249.6}]
    )


class FaceQuality(Schema):
    """How well a photo shows a face."""

    face_px: int = Field(
        ge=1, description="Shorter side of the box, in pixels of the photo.", examples=[200]
    )
    sharpness: float = Field(
        ge=0,
        description="Variance of the Laplacian of the face, aligned to 112 x 112 pixels.",
        examples=[431.6],
    )
    roll_degrees: float = Field(
        ge=-180, le=180, description="Clockwise tilt of the line through the eyes.", examples=[-1.5]
    )
    yaw_degrees: float | None = Field(
        ge=-90,
        le=90,
        description="Turn to the side: positive looks to the right of the image. From the eyes and"
        " the nose; null without a nose.",
        examples=[2.8],
    )


class FoundFace(Schema):
    """A face and its embedding."""

    embedding: list[float] | str = Field(
        description="512 numbers, or their base64.", examples=[EXAMPLE_EMBEDDING], repr=False
    )
    face_confidence: float = Field(ge=0, le=1, description="The detector's score.", examples=[0.94])
    facial_area: FacialArea = Field(description="Box around the face.")
    landmarks: Landmarks = Field(description="Eyes, nose and corners of the mouth.")
    quality: FaceQuality = Field(description="How well the photo shows the face.")


class PhotoFaces(Schema):
    """The faces of a photo, the largest first; or why there are none."""

    width: int | None = Field(
        None,
        description="Width of the upright image, in pixels; null with an error.",
        examples=[1920],
    )
    height: int | None = Field(
        None,
        description="Height of the upright image, in pixels; null with an error.",
        examples=[1280],
    )
    face_count: FaceCount = Field(0, examples=[1])
    faces: list[FoundFace] = Field(
        [], description="The faces, the largest first, without those left out."
    )
    model: MadeBy = None
    warnings: Warnings = Field([])
    error: PhotoError = None


class ExtractManyResponse(Schema):
    """One result for each photo, in the order sent."""

    results: list[PhotoFaces] = Field(description="One result for each photo, in the order sent.")
    model: str = Field(
        description="Identity of the configured model, `weights/detector/alignment`.",
        examples=[EXAMPLE_IDENTITY],
    )
    processing_time_ms: ProcessingTime = Field(examples=[310.4])


class MatchRequest(Schema):
    """A person's embedding, and the photos in which to look for the person."""

    embedding: Annotated[
        list[float] | str,
        PlainValidator(_check_embedding),
        WithJsonSchema(
            {
                "anyOf": [
                    {
                        "type": "array",
                        "items": {"type": "number"},
                        "minItems": EMBEDDING_DIMENSIONS,
                        "maxItems": EMBEDDING_DIMENSIONS,
                    },
                    {"type": "string", "minLength": BASE64_CHARS, "maxLength": BASE64_CHARS},
                ]
            }
        ),
        Field(
            description="512 numbers, or the base64 of 2,048 bytes, little-endian float32.",
            examples=[EXAMPLE_EMBEDDING],
            repr=False,
        ),
    ]
    images: list[SentImage] = Field(
        min_length=1, max_length=MAX_MATCHED_IMAGES, description="The photos to search."
    )
    threshold: Threshold = None
    distance_metric: UsedMetric = DistanceMetric.COSINE
    align: Align = True
    min_face_px: MinFacePx = 0
    model: ModelIdentity | None = Field(
        None, description="The `model` that came with `embedding`; checked if given."
    )


class Match(Schema):
    """The face of a photo that is nearest to the person; nulls without one."""

    is_same_person: bool = Field(
        False,
        description="Whether `distance` is less than `threshold_used`; false without a face.",
        examples=[True],
    )
    distance: float | None = Field(
        None,
        ge=0,
        description="Distance from the person to the nearest face; null without a face.",
        examples=[0.35],
    )
    similarity: float | None = Field(None, ge=0, le=1, description=SIMILARITY, examples=[0.65])
    confidence: float | None = Field(None, ge=0, le=1, description=CONFIDENCE, examples=[0.49])
    facial_area: FacialArea | None = Field(
        None,
        description="Box around the nearest face; null without a face.",
        examples=[{"x": 100, "y": 50, "w": 200, "h": 250}],
    )
    face_confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        description="The detector's score of the nearest face; null without a face.",
        examples=[0.94],
    )
    face_count: FaceCount = Field(0, examples=[1])
    model: MadeBy = None
    warnings: Warnings = Field([])
    error: PhotoError = None


class MatchResponse(Schema):
    """One match for each photo, in the order sent."""

    matches: list[Match] = Field(description="One match for each photo, in the order sent.")
    threshold_used: ThresholdUsed = Field(examples=[0.68])
    distance_metric: UsedMetric = Field(examples=["cosine"])
    model: str = Field(
        description="Identity of the configured model, `weights/detector/alignment`.",
        examples=[EXAMPLE_IDENTITY],
    )
    processing_time_ms: ProcessingTime = Field(examples=[310.4])
