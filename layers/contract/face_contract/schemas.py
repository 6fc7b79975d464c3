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


EXAMPLE_EMBEDDING = [0.1, -0.1] * (EMBEDDING_DIMENSIONS // 2)
# 90 of 512 signs differ, so its cosine distance to the other is 180 / 512 = 0.35.
NEAR_EMBEDDING = [-x for x in EXAMPLE_EMBEDDING[:90]] + EXAMPLE_EMBEDDING[90:]
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
    Field(
        description="Smaller distances mean the same person. The default depends on the metric:"
        " 0.68 for `cosine`, 4.15 for `euclidean`, 1.13 for `euclidean_l2`.",
        examples=[0.68],
    ),
]
SIMILARITY = (
    "From 0 to 1, for people: 1 - distance for `cosine`, else exp(-distance / threshold_used)."
)
CONFIDENCE = (
    "How far the distance is from the threshold: min(1, |distance - threshold_used| /"
    " threshold_used)."
)
MODEL_LOADED = "False until the first use has loaded the model."
UsedMetric = Annotated[
    DistanceMetric,
    Field(description="How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`."),
]
ThresholdUsed = Annotated[
    float, Field(gt=0, description="The threshold given, or else the metric's default.")
]
ModelName = Annotated[str, Field(description="Name of the configured model.")]
Dimensions = Annotated[int, Field(description="Numbers in an embedding.")]
ModelIdentity = Annotated[
    str,
    Field(pattern=IDENTITY_PATTERN, examples=[EXAMPLE_IDENTITY]),
]
Warnings = Annotated[
    list[Literal["TRUNCATED_IMAGE"]],
    Field(description="`TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part."),
]


ProcessingTime = Annotated[
    float, Field(ge=0, description="Time spent on the request in the service, in milliseconds.")
]


class Schema(BaseModel):
    """A JSON body. Requests may have unknown fields, which are ignored."""

    model_config = ConfigDict(
        frozen=True,
        # Pydantic reserves the prefix `model_`, but the contract has `model_loaded`.
        protected_namespaces=(),
        # Answers have all their fields.
        json_schema_serialization_defaults_required=True,
    )


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
    image_type: ImageType = Field(
        ImageType.BASE64,
        description="What `image` holds: `base64`, the file itself, or `url`, its public address.",
    )


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

    x: int = Field(ge=0, description="Left edge.", examples=[100])
    y: int = Field(ge=0, description="Top edge.", examples=[50])
    w: int = Field(ge=1, description="Width.", examples=[200])
    h: int = Field(ge=1, description="Height.", examples=[250])


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
    processing_time_ms: ProcessingTime = Field(examples=[45.2])
    model: str = Field(
        description="Identity of the model behind the embedding, `weights/detector/alignment`. Keep"
        " it with the embedding.",
        examples=[EXAMPLE_IDENTITY],
    )
    warnings: Warnings = Field([])


class CompareRequest(Schema):
    """Two embeddings of the same model."""

    embedding1: ReceivedEmbedding = Field(description="512 finite numbers, not all zero.")
    embedding2: ReceivedEmbedding = Field(
        description="512 finite numbers, not all zero.", examples=[NEAR_EMBEDDING]
    )
    threshold: Threshold = None
    distance_metric: UsedMetric = DistanceMetric.COSINE
    model1: ModelIdentity | None = Field(
        None,
        description="The `model` that came with `embedding1`. If both are given, they are checked.",
        examples=[EXAMPLE_IDENTITY],
    )
    model2: ModelIdentity | None = Field(
        None,
        description="The `model` that came with `embedding2`.",
        examples=[EXAMPLE_IDENTITY],
    )


class CompareResponse(Schema):
    """Whether two embeddings show the same person, and how far apart they are."""

    is_same_person: bool = Field(
        description="Whether `distance` is less than `threshold_used`.", examples=[True]
    )
    distance: float = Field(
        ge=0, description="Distance by the metric; 0 for equal directions.", examples=[0.35]
    )
    similarity: float = Field(ge=0, le=1, description=SIMILARITY, examples=[0.65])
    confidence: float = Field(ge=0, le=1, description=CONFIDENCE, examples=[0.49])
    threshold_used: ThresholdUsed = Field(examples=[0.68])
    distance_metric: UsedMetric = Field(examples=["cosine"])


class HealthResponse(Schema):
    """The service is ready."""

    status: Literal["healthy"] = Field(
        "healthy", description="Always `healthy`: else the answer is an error."
    )
    model: ModelName = Field(examples=["MobileFaceNet"])
    embedding_dimensions: Dimensions = EMBEDDING_DIMENSIONS
    model_loaded: bool = Field(description=MODEL_LOADED, examples=[True])
    version: str = Field(__version__, description="Version of this service.")


class WarmUpResponse(Schema):
    """The model is loaded."""

    status: Literal["loaded", "already_loaded"] = Field(
        description="Whether this request loaded the model.", examples=["loaded"]
    )
    model: ModelName = Field(examples=["MobileFaceNet"])
    load_time_seconds: float = Field(
        ge=0, description="How long the load took, in seconds, whenever it was.", examples=[0.2]
    )


class WeightsFile(Schema):
    """A weights file of the model, as it was published."""

    file: str = Field(description="Name of the file.", examples=["arcface_weights.h5"])
    sha256: str = Field(
        description="SHA-256 of the published file.",
        examples=["6336979c0c602cae08d1122a66f4dfb862d059bbcd8ef80306aef2b2249b0c93"],
    )
    baked_sha256: str | None = Field(
        None,
        description="SHA-256 of the converted file once it is loaded; null before.",
        examples=["3fc3fc3cf871fcfa4b5258b2c5102431ce29a150def49d4bd9a83eee534da5f1"],
    )


class InferenceEngine(Schema):
    """A library that runs a network."""

    name: str = Field(description="Name of its package.", examples=["onnxruntime"])
    version: str = Field(description="Its version.", examples=["1.32.0"])


class InputSize(Schema):
    """Size of the embedding network's input, in pixels."""

    width: int = Field(description="Width, in pixels.", examples=[112])
    height: int = Field(description="Height, in pixels.", examples=[112])


class Limits(Schema):
    """The largest input that this deployment accepts."""

    max_body_bytes: int = Field(description="Bytes of a request body.", examples=[15_728_640])
    max_image_bytes: int = Field(
        description="Bytes of an image file, sent or downloaded.", examples=[10_485_760]
    )
    max_base64_image_bytes: int = Field(
        description="Bytes of an image file that fits into a body as base64.",
        examples=[10_485_760],
    )
    max_answer_bytes: int = Field(
        description="Bytes of an answer; photos whose faces do not fit any more get an error.",
        examples=[15_728_640],
    )
    max_image_pixels: int = Field(description="Pixels of an image.", examples=[64_000_000])
    max_webp_pixels: int = Field(description="Pixels of a WebP.", examples=[32_000_000])


class ModelInfoResponse(Schema):
    """The model that makes the embeddings, and the limits in force."""

    model: ModelName = Field(examples=["MobileFaceNet"])
    model_identity: str = Field(
        description="The `model` of an extraction with an aligned face.",
        examples=[EXAMPLE_IDENTITY],
    )
    embedding_dimensions: Dimensions = EMBEDDING_DIMENSIONS
    detector: str = Field(description="Network that finds the faces.", examples=["yunet"])
    alignment: str = Field(
        description="How faces are turned and cut before they are embedded.",
        examples=["similarity"],
    )
    input_size: InputSize = Field(description="Size of the embedding network's input.")
    distance_metrics: dict[DistanceMetric, float] = Field(
        description="Each metric's default threshold.",
        examples=[{"cosine": 0.68, "euclidean": 4.15, "euclidean_l2": 1.13}],
    )
    weights: list[WeightsFile] = Field(description="Files of the model's weights.")
    inference_engines: list[InferenceEngine] = Field(description="Libraries that run the networks.")
    limits: Limits = Field(description="What this deployment accepts at most.")
    model_loaded: bool = Field(description=MODEL_LOADED, examples=[True])
    retinaface_margin_px: int | None = Field(
        None,
        description="What RetinaFace sees around the middle of each proposed face, in pixels of its"
        " scale; null if it sees whole photos, is not used or is not loaded.",
        examples=[224],
    )


class ErrorBody(Schema):
    """The error's code, message and details."""

    code: ErrorCode = Field(description="What went wrong, for programs.")
    message: str = Field(description="A sentence for people; it never repeats the input.")
    details: dict[str, object] | None = Field(description="Facts for programs, by code; or null.")


class ErrorResponse(Schema):
    """The body of every error response."""

    error: ErrorBody = Field(description="The error.")
