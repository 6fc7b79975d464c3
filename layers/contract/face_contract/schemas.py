"""The bodies of requests and answers, as clients send and receive them."""

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


def _check_number(value: object) -> object:
    # An integer of JSON may have more digits than a double can hold, where pydantic's own float
    # would say 422; the contract wants INVALID_EMBEDDING, which face_contract.distance answers.
    if type(value) not in (int, float):
        raise PydanticCustomError("number", "Input should be a number")
    return value


_EXAMPLE_EMBEDDING = [0.0123] * EMBEDDING_DIMENSIONS
ReceivedEmbedding = Annotated[
    list[Annotated[float, PlainValidator(_check_number), WithJsonSchema({"type": "number"})]],
    # Else a body of 3 MB with an error in each element takes 16 s and 1.3 GB.
    FailFast(),
    Field(
        json_schema_extra={"minItems": EMBEDDING_DIMENSIONS, "maxItems": EMBEDDING_DIMENSIONS},
        examples=[_EXAMPLE_EMBEDDING],
        # A face must not be shown in a log line that prints the request.
        repr=False,
    ),
]


class Schema(BaseModel):
    """A body. Unknown fields of a request are ignored, as the original service did."""

    # `model_` is a prefix that pydantic keeps for itself; the contract has `model_loaded`.
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class ImageType(StrEnum):
    """How `image` is to be read."""

    BASE64 = "base64"
    URL = "url"


class ExtractRequest(Schema):
    """A photo, and what to do with the faces in it."""

    image: str = Field(
        description="The image file as base64, with or without a `data:` prefix; or its URL.",
        examples=["/9j/4AAQSkZJRgABAQ..."],
        repr=False,
    )
    image_type: ImageType = Field(ImageType.BASE64, description="How `image` is to be read.")
    enforce_detection: StrictBool = Field(
        True, description="Refuse an image that does not hold exactly one face."
    )
    align: StrictBool = Field(
        True, description="Align the face by its landmarks; else embed the detected box as it is."
    )


class FacialArea(Schema):
    """A box in pixels of the upright image (EXIF orientation applied), from its top left."""

    x: int = Field(ge=0, examples=[100])
    y: int = Field(ge=0, examples=[50])
    w: int = Field(ge=1, examples=[200])
    h: int = Field(ge=1, examples=[250])


class ExtractResponse(Schema):
    """The embedding of the most prominent face."""

    embedding: list[float] | None = Field(
        description="512 numbers; null only if no face was found and EMBED_WITHOUT_FACE is false.",
        examples=[_EXAMPLE_EMBEDDING],
        repr=False,
    )
    face_count: int = Field(ge=0, description="How many faces were found.", examples=[1])
    face_confidence: float = Field(
        ge=0, le=1, description="The detector's score; 0 without a face.", examples=[0.94]
    )
    facial_area: FacialArea = Field(description="The face; the whole image if none was found.")
    processing_time_ms: float = Field(ge=0, examples=[45.2])
    model: str = Field(
        description="Weights and preprocessing that made the vector: compare only equal ones.",
        examples=["mobilefacenet-87aacdfe/yunet/similarity"],
    )
    warnings: list[Literal["TRUNCATED_IMAGE"]] = Field(
        [],
        description="`TRUNCATED_IMAGE`: the file is damaged, and the face lies in its sound part.",
    )


class CompareRequest(Schema):
    """Two embeddings of the same model."""

    embedding1: ReceivedEmbedding
    embedding2: ReceivedEmbedding
    threshold: Annotated[StrictFloat, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None,
        description="Below this distance it is one person; by default the metric's own.",
    )
    distance_metric: DistanceMetric = DistanceMetric.COSINE


class CompareResponse(Schema):
    """Whether two embeddings show the same person, and how far apart they are."""

    is_same_person: bool = Field(description="distance < threshold_used", examples=[True])
    distance: float = Field(ge=0, examples=[0.35])
    similarity: float = Field(ge=0, le=1, examples=[0.65])
    confidence: float = Field(ge=0, le=1, description="min(1, |d - t| / t)", examples=[0.49])
    threshold_used: float = Field(gt=0, examples=[0.68])
    distance_metric: DistanceMetric = Field(examples=["cosine"])


class HealthResponse(Schema):
    """The service can answer."""

    status: Literal["healthy"] = "healthy"
    model: str = Field(description="The configured model.", examples=["MobileFaceNet"])
    embedding_dimensions: int = EMBEDDING_DIMENSIONS
    model_loaded: bool = Field(
        description="False while the model can be loaded and is not yet.", examples=[True]
    )
    version: str = __version__


class WarmUpResponse(Schema):
    """The model is loaded."""

    status: Literal["loaded", "already_loaded"] = Field(examples=["loaded"])
    model: str = Field(examples=["MobileFaceNet"])
    load_time_seconds: float = Field(ge=0, description="How long the load took.", examples=[0.2])


class WeightsFile(Schema):
    """A file of weights that the model is made of, as it was published."""

    file: str = Field(examples=["arcface_weights.h5"])
    sha256: str = Field(
        examples=["6336979c0c602cae08d1122a66f4dfb862d059bbcd8ef80306aef2b2249b0c93"]
    )
    baked_sha256: str | None = Field(
        None,
        description="Of the file that was made of it, once that is loaded; else null.",
        examples=["3fc3fc3cf871fcfa4b5258b2c5102431ce29a150def49d4bd9a83eee534da5f1"],
    )


class InferenceEngine(Schema):
    """A library that runs a network."""

    name: str = Field(examples=["onnxruntime"])
    version: str = Field(examples=["1.32.0"])


class InputSize(Schema):
    """The size of the face crop that the embedding network sees, in pixels."""

    width: int = Field(examples=[112])
    height: int = Field(examples=[112])


class Limits(Schema):
    """What this deployment accepts."""

    max_body_bytes: int = Field(description="A request's body.", examples=[15_728_640])
    max_image_bytes: int = Field(
        description="An image file, sent or downloaded.", examples=[10_485_760]
    )
    max_base64_image_bytes: int = Field(
        description="An image file that fits a body as base64.", examples=[10_485_760]
    )
    max_image_pixels: int = Field(description="Pixels to decode.", examples=[64_000_000])
    max_webp_pixels: int = Field(description="Pixels of a WebP.", examples=[32_000_000])


class ModelInfoResponse(Schema):
    """What makes the vectors, and within which limits."""

    model: str = Field(examples=["MobileFaceNet"])
    model_identity: str = Field(
        description="The `model` of an extraction whose face was aligned.",
        examples=["mobilefacenet-87aacdfe/yunet/similarity"],
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


class ErrorBody(Schema):
    """What went wrong."""

    code: ErrorCode
    message: str = Field(description="A sentence for a person.")
    details: dict[str, object] | None


class ErrorResponse(Schema):
    """The envelope of every error, whoever raised it."""

    error: ErrorBody
