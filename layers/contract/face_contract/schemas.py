"""The JSON bodies of requests and responses."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    PlainValidator,
    StrictBool,
    StrictFloat,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from face_contract import __version__
from face_contract.distance import EMBEDDING_DIMENSIONS, DistanceMetric
from face_contract.errors import ErrorCode
from face_contract.identity import IDENTITY_PATTERN


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number."""
    return type(value) in (int, float)


def _check_number(value: object) -> object:
    # A JSON integer may be too large for a double. Pydantic's own float would then answer 422; the
    # contract wants INVALID_EMBEDDING, which face_contract.distance raises.
    if not is_number(value):
        raise PydanticCustomError("number", "Input should be a number")
    return value


EXAMPLE_EMBEDDING = [0.0123] * EMBEDDING_DIMENSIONS
EXAMPLE_IDENTITY = "mobilefacenet-87aacdfe/yunet/similarity"
ReceivedEmbedding = Annotated[
    list[Annotated[float, PlainValidator(_check_number), WithJsonSchema({"type": "number"})]],
    # Without this, a 3 MB body with an error in each element takes 16 s and 1.3 GB.
    FailFast(),
    Field(
        json_schema_extra={"minItems": EMBEDDING_DIMENSIONS, "maxItems": EMBEDDING_DIMENSIONS},
        examples=[EXAMPLE_EMBEDDING],
        # Keeps embeddings out of logs that print the request.
        repr=False,
    ),
]
Threshold = Annotated[
    Annotated[StrictFloat, Field(gt=0, allow_inf_nan=False)] | None,
    Field(description="Smaller distances mean the same person. The default depends on the metric."),
]
ModelIdentity = Annotated[
    str,
    Field(pattern=IDENTITY_PATTERN, examples=[EXAMPLE_IDENTITY]),
]
Warnings = Annotated[
    list[Literal["TRUNCATED_IMAGE"]],
    Field(description="`TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part."),
]


class Schema(BaseModel):
    """A JSON body. Requests may have unknown fields, which are ignored."""

    # Pydantic reserves the prefix `model_`, but the contract has `model_loaded`.
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class ImageType(StrEnum):
    """What `image` holds."""

    BASE64 = "base64"
    URL = "url"


class EmbeddingFormat(StrEnum):
    """How an answer writes embeddings."""

    FLOAT = "float"
    BASE64 = "base64"


WrittenAs = Annotated[
    EmbeddingFormat,
    Field(description="`float`: 512 numbers; `base64`: 2,048 bytes, little-endian float32."),
]


class SentImage(Schema):
    """A photo, or where it is."""

    image: str = Field(
        description="The image file as base64, with or without a `data:` prefix, or its URL.",
        examples=["/9j/4AAQSkZJRgABAQ..."],
        repr=False,
    )
    image_type: ImageType = Field(ImageType.BASE64, description="What `image` holds.")


class ExtractRequest(SentImage):
    """A photo and how to treat the faces in it."""

    enforce_detection: StrictBool = Field(
        True, description="Refuse an image that does not show exactly one face."
    )
    align: StrictBool = Field(
        True, description="Align the face by its landmarks; false embeds the detected box as is."
    )
    embedding_format: WrittenAs = EmbeddingFormat.FLOAT


class FacialArea(Schema):
    """A box in pixels of the upright image (EXIF orientation applied); the origin is top left."""

    x: int = Field(ge=0, examples=[100])
    y: int = Field(ge=0, examples=[50])
    w: int = Field(ge=1, examples=[200])
    h: int = Field(ge=1, examples=[250])


class ExtractResponse(Schema):
    """The embedding of the most prominent face."""

    embedding: list[float] | str | None = Field(
        description="512 numbers, or their base64 if `embedding_format` is `base64`; null only if"
        " no face was found and EMBED_WITHOUT_FACE is false.",
        examples=[EXAMPLE_EMBEDDING],
        repr=False,
    )
    face_count: int = Field(ge=0, description="How many faces were found.", examples=[1])
    face_confidence: float = Field(
        ge=0, le=1, description="The detector's score; 0 without a face.", examples=[0.94]
    )
    facial_area: FacialArea = Field(description="The face; the whole image if none was found.")
    processing_time_ms: float = Field(ge=0, examples=[45.2])
    model: str = Field(
        description="Weights and preprocessing behind the embedding: compare only equal ones.",
        examples=[EXAMPLE_IDENTITY],
    )
    warnings: Warnings = Field([])


class CompareRequest(Schema):
    """Two embeddings of the same model."""

    embedding1: ReceivedEmbedding
    embedding2: ReceivedEmbedding
    threshold: Threshold = None
    distance_metric: DistanceMetric = DistanceMetric.COSINE
    model1: ModelIdentity | None = Field(
        None,
        description="The `model` that came with `embedding1`. If both are given, they are checked.",
    )
    model2: ModelIdentity | None = Field(
        None, description="The `model` that came with `embedding2`."
    )


class CompareResponse(Schema):
    """Whether two embeddings show the same person, and how far apart they are."""

    is_same_person: bool = Field(description="distance < threshold_used", examples=[True])
    distance: float = Field(ge=0, examples=[0.35])
    similarity: float = Field(ge=0, le=1, examples=[0.65])
    confidence: float = Field(ge=0, le=1, description="min(1, |d - t| / t)", examples=[0.49])
    threshold_used: float = Field(gt=0, examples=[0.68])
    distance_metric: DistanceMetric = Field(examples=["cosine"])


class HealthResponse(Schema):
    """The service is ready."""

    status: Literal["healthy"] = "healthy"
    model: str = Field(description="The configured model.", examples=["MobileFaceNet"])
    embedding_dimensions: int = EMBEDDING_DIMENSIONS
    model_loaded: bool = Field(
        description="False until the first use has loaded the model.", examples=[True]
    )
    version: str = __version__


class WarmUpResponse(Schema):
    """The model is loaded."""

    status: Literal["loaded", "already_loaded"] = Field(examples=["loaded"])
    model: str = Field(examples=["MobileFaceNet"])
    load_time_seconds: float = Field(ge=0, description="How long the load took.", examples=[0.2])


class WeightsFile(Schema):
    """A weights file of the model, as it was published."""

    file: str = Field(examples=["arcface_weights.h5"])
    sha256: str = Field(
        examples=["6336979c0c602cae08d1122a66f4dfb862d059bbcd8ef80306aef2b2249b0c93"]
    )
    baked_sha256: str | None = Field(
        None,
        description="SHA-256 of the converted file once it is loaded; null before.",
        examples=["3fc3fc3cf871fcfa4b5258b2c5102431ce29a150def49d4bd9a83eee534da5f1"],
    )


class InferenceEngine(Schema):
    """A library that runs a network."""

    name: str = Field(examples=["onnxruntime"])
    version: str = Field(examples=["1.32.0"])


class InputSize(Schema):
    """Size of the embedding network's input, in pixels."""

    width: int = Field(examples=[112])
    height: int = Field(examples=[112])


class Limits(Schema):
    """The largest input that this deployment accepts."""

    max_body_bytes: int = Field(description="Request body.", examples=[15_728_640])
    max_image_bytes: int = Field(
        description="Image file, sent or downloaded.", examples=[10_485_760]
    )
    max_base64_image_bytes: int = Field(
        description="Image file that fits into a body as base64.", examples=[10_485_760]
    )
    max_answer_bytes: int = Field(
        description="Answer; photos whose faces do not fit any more get an error.",
        examples=[15_728_640],
    )
    max_image_pixels: int = Field(description="Pixels of an image.", examples=[64_000_000])
    max_webp_pixels: int = Field(description="Pixels of a WebP.", examples=[32_000_000])


class ModelInfoResponse(Schema):
    """The model that makes the embeddings, and the limits in force."""

    model: str = Field(examples=["MobileFaceNet"])
    model_identity: str = Field(
        description="The `model` of an extraction with an aligned face.",
        examples=[EXAMPLE_IDENTITY],
    )
    embedding_dimensions: int = EMBEDDING_DIMENSIONS
    detector: str = Field(examples=["yunet"])
    alignment: str = Field(examples=["similarity"])
    input_size: InputSize
    distance_metrics: dict[DistanceMetric, float] = Field(
        description="Each metric's default threshold.",
        examples=[{"cosine": 0.68, "euclidean": 4.15, "euclidean_l2": 1.13}],
    )
    weights: list[WeightsFile]
    inference_engines: list[InferenceEngine]
    limits: Limits
    model_loaded: bool = Field(examples=[True])
    retinaface_margin_px: int | None = Field(
        None,
        description="What RetinaFace sees around each proposed face, in pixels of its scale; null"
        " if it sees whole photos, is not used or is not loaded.",
        examples=[160],
    )


class ErrorBody(Schema):
    """The error's code, message and details."""

    code: ErrorCode
    message: str = Field(description="A sentence for people.")
    details: dict[str, object] | None


class ErrorResponse(Schema):
    """The body of every error response."""

    error: ErrorBody
