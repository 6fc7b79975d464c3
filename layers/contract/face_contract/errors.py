"""The error tree. Each class defines its code, HTTP status and default message.

    ServiceError
    ├── NoFaceDetected          400  NO_FACE_DETECTED
    ├── MultipleFacesDetected   400  MULTIPLE_FACES_DETECTED
    ├── InvalidImage            400  INVALID_IMAGE
    ├── DownloadFailed          400  DOWNLOAD_FAILED
    ├── InvalidEmbedding        400  INVALID_EMBEDDING
    ├── NotFound                404  NOT_FOUND
    ├── MethodNotAllowed        405  METHOD_NOT_ALLOWED
    ├── ModelMismatch           409  MODEL_MISMATCH
    ├── PayloadTooLarge         413  PAYLOAD_TOO_LARGE
    ├── InvalidRequest          422  VALIDATION_ERROR
    ├── InternalError           500  INTERNAL_ERROR
    │   └── ModelFailed         500  MODEL_ERROR
    ├── BadGateway              502  BAD_GATEWAY
    ├── ModelUnavailable        503  MODEL_UNAVAILABLE
    ├── Overloaded              503  OVERLOADED
    └── TimedOut                504  TIMEOUT

`GATEWAY_ERRORS` lists the errors that API Gateway returns itself.
"""

from enum import StrEnum
from http import HTTPStatus
from typing import ClassVar, NamedTuple, TypeAlias

Details: TypeAlias = dict[str, object]


class ErrorCode(StrEnum):
    """Every value of `error.code`."""

    NO_FACE_DETECTED = "NO_FACE_DETECTED"
    MULTIPLE_FACES_DETECTED = "MULTIPLE_FACES_DETECTED"
    INVALID_IMAGE = "INVALID_IMAGE"
    DOWNLOAD_FAILED = "DOWNLOAD_FAILED"
    INVALID_EMBEDDING = "INVALID_EMBEDDING"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    MODEL_MISMATCH = "MODEL_MISMATCH"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    MODEL_ERROR = "MODEL_ERROR"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    MODEL_UNAVAILABLE = "MODEL_UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    TIMEOUT = "TIMEOUT"
    FORBIDDEN = "FORBIDDEN"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    BAD_GATEWAY = "BAD_GATEWAY"


class ServiceError(Exception):
    """A failure that is reported to the client.

    Args:
        message: a sentence for people, by default the class's own. It never repeats the input.
        details: facts for programs, or None.
    """

    code: ClassVar[ErrorCode]
    status: ClassVar[HTTPStatus]
    message: str
    headers: ClassVar[dict[str, str] | None] = None
    example_details: ClassVar[Details | None] = None

    def __init__(self, message: str | None = None, details: Details | None = None) -> None:
        self.message = type(self).message if message is None else message
        self.details = details
        super().__init__(self.message)


class NoFaceDetected(ServiceError):
    """No face was found, but the client requires one."""

    code = ErrorCode.NO_FACE_DETECTED
    status = HTTPStatus.BAD_REQUEST
    message = "No face was detected in the image."


class MultipleFacesDetected(ServiceError):
    """Several faces were found, but the client requires exactly one."""

    code = ErrorCode.MULTIPLE_FACES_DETECTED
    status = HTTPStatus.BAD_REQUEST
    message = "More than one face was detected in the image."
    example_details: ClassVar[Details | None] = {"face_count": 3}

    def __init__(self, face_count: int) -> None:
        super().__init__(details={"face_count": face_count})


class InvalidImage(ServiceError):
    """The data cannot be decoded as an image."""

    code = ErrorCode.INVALID_IMAGE
    status = HTTPStatus.BAD_REQUEST
    message = "The data is not an image that can be decoded."


class DownloadFailed(ServiceError):
    """The image's URL was refused, or did not return an image in time."""

    code = ErrorCode.DOWNLOAD_FAILED
    status = HTTPStatus.BAD_REQUEST
    message = "The image could not be downloaded."


class InvalidEmbedding(ServiceError):
    """An embedding that cannot be compared."""

    code = ErrorCode.INVALID_EMBEDDING
    status = HTTPStatus.BAD_REQUEST
    message = "An embedding must be 512 finite numbers that are not all zero."
    example_details: ClassVar[Details | None] = {"field": "embedding1"}


class NotFound(ServiceError):
    """The path does not exist."""

    code = ErrorCode.NOT_FOUND
    status = HTTPStatus.NOT_FOUND
    message = "There is nothing at this path."


class MethodNotAllowed(ServiceError):
    """The path exists but does not support the method."""

    code = ErrorCode.METHOD_NOT_ALLOWED
    status = HTTPStatus.METHOD_NOT_ALLOWED
    message = "This path does not support this method."


class ModelMismatch(ServiceError):
    """The embeddings were made by models that cannot be compared."""

    code = ErrorCode.MODEL_MISMATCH
    status = HTTPStatus.CONFLICT
    message = "The embeddings were made by different models, so they cannot be compared."
    example_details: ClassVar[Details | None] = {
        "model1": "mobilefacenet-87aacdfe/yunet/similarity",
        "model2": "arcface-6336979c/retinaface/deepface",
    }

    def __init__(self, model1: str, model2: str) -> None:
        super().__init__(details={"model1": model1, "model2": model2})


class PayloadTooLarge(ServiceError):
    """The body, or the image file in it, exceeds its size limit."""

    code = ErrorCode.PAYLOAD_TOO_LARGE
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    message = "The request is too large: send a smaller image, or its URL."
    example_details: ClassVar[Details | None] = {"limit_bytes": 10_485_760}

    def __init__(self, limit_bytes: int, message: str | None = None) -> None:
        super().__init__(message, {"limit_bytes": limit_bytes})


class InvalidRequest(ServiceError):
    """The body is not JSON or does not match the schema."""

    code = ErrorCode.VALIDATION_ERROR
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    message = "The request does not fit its schema."
    example_details: ClassVar[Details | None] = {
        "fields": [{"field": "image", "message": "Field required"}]
    }


class InternalError(ServiceError):
    """A bug in this service."""

    code = ErrorCode.INTERNAL_ERROR
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    message = "The service failed. The error was logged; trying again may help."


class ModelFailed(InternalError):
    """The model's output is not a valid embedding."""

    code = ErrorCode.MODEL_ERROR
    message = "The model did not produce a valid embedding."


class BadGateway(ServiceError):
    """The old service behind `LEGACY_URL` gave no valid answer. API Gateway has the same error."""

    code = ErrorCode.BAD_GATEWAY
    status = HTTPStatus.BAD_GATEWAY
    message = "The service behind the API failed."


class ModelUnavailable(ServiceError):
    """The configured weights are missing or broken."""

    code = ErrorCode.MODEL_UNAVAILABLE
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = "The model's weights are missing or broken. Run `make weights` to fetch them."
    example_details: ClassVar[Details | None] = {"command": "make weights FACE_MODEL=mobilefacenet"}


class Overloaded(ServiceError):
    """The queue of waiting requests is full."""

    code = ErrorCode.OVERLOADED
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = "Too many requests are waiting: try again in a moment."
    # A photo takes a tenth of a second, so a slot is free by then.
    headers: ClassVar[dict[str, str] | None] = {"Retry-After": "1"}


class TimedOut(ServiceError):
    """The request's time budget is used up. API Gateway's own timeout has the same message."""

    code = ErrorCode.TIMEOUT
    status = HTTPStatus.GATEWAY_TIMEOUT
    message = "The answer took too long."


class GatewayError(NamedTuple):
    """An error that API Gateway returns itself, worded in template.yaml. No code raises it."""

    code: ErrorCode
    status: HTTPStatus
    message: str


GATEWAY_ERRORS = (
    GatewayError(ErrorCode.FORBIDDEN, HTTPStatus.FORBIDDEN, "Access to this API is denied."),
    GatewayError(
        ErrorCode.TOO_MANY_REQUESTS, HTTPStatus.TOO_MANY_REQUESTS, "Too many requests: slow down."
    ),
)
