"""The error tree: each class fixes its code, its status and the sentence that a client reads.

    ServiceError
    ├── NoFaceDetected          400  NO_FACE_DETECTED
    ├── MultipleFacesDetected   400  MULTIPLE_FACES_DETECTED
    ├── InvalidImage            400  INVALID_IMAGE
    ├── DownloadFailed          400  DOWNLOAD_FAILED
    ├── InvalidEmbedding        400  INVALID_EMBEDDING
    ├── NotFound                404  NOT_FOUND
    ├── MethodNotAllowed        405  METHOD_NOT_ALLOWED
    ├── PayloadTooLarge         413  PAYLOAD_TOO_LARGE
    ├── InvalidRequest          422  VALIDATION_ERROR
    ├── InternalError           500  INTERNAL_ERROR
    │   └── ModelFailed         500  MODEL_ERROR
    ├── ModelUnavailable        503  MODEL_UNAVAILABLE
    ├── Overloaded              503  OVERLOADED
    └── TimedOut                504  TIMEOUT

`GATEWAY_ERRORS` holds what API Gateway answers before a function sees the request.
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
    """A failure that a client is told about.

    Args:
        message: a sentence for a person; the class's own sentence when omitted. It never
            holds what the client sent.
        details: facts that a program can use, or None.
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
    """No face was found and the client asked that there be one."""

    code = ErrorCode.NO_FACE_DETECTED
    status = HTTPStatus.BAD_REQUEST
    message = "No face was detected in the image."


class MultipleFacesDetected(ServiceError):
    """Several faces were found and the client asked that there be one."""

    code = ErrorCode.MULTIPLE_FACES_DETECTED
    status = HTTPStatus.BAD_REQUEST
    message = "More than one face was detected in the image."
    example_details: ClassVar[Details | None] = {"face_count": 3}

    def __init__(self, face_count: int) -> None:
        super().__init__(details={"face_count": face_count})


class InvalidImage(ServiceError):
    """What was sent cannot be decoded into an image."""

    code = ErrorCode.INVALID_IMAGE
    status = HTTPStatus.BAD_REQUEST
    message = "The data is not an image that can be decoded."


class DownloadFailed(ServiceError):
    """The image's URL was refused or did not answer with an image in time."""

    code = ErrorCode.DOWNLOAD_FAILED
    status = HTTPStatus.BAD_REQUEST
    message = "The image could not be downloaded."


class InvalidEmbedding(ServiceError):
    """A list of numbers that cannot be compared as a face embedding."""

    code = ErrorCode.INVALID_EMBEDDING
    status = HTTPStatus.BAD_REQUEST
    message = "An embedding must be 512 finite numbers that are not all zero."
    example_details: ClassVar[Details | None] = {"field": "embedding1"}


class NotFound(ServiceError):
    """No such path."""

    code = ErrorCode.NOT_FOUND
    status = HTTPStatus.NOT_FOUND
    message = "There is nothing at this path."


class MethodNotAllowed(ServiceError):
    """The path exists, but not for this method."""

    code = ErrorCode.METHOD_NOT_ALLOWED
    status = HTTPStatus.METHOD_NOT_ALLOWED
    message = "This path does not answer to this method."


class PayloadTooLarge(ServiceError):
    """The body, or the image file in it, is over its limit."""

    code = ErrorCode.PAYLOAD_TOO_LARGE
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    message = "The request is too large: send a smaller image, or its URL."
    example_details: ClassVar[Details | None] = {"limit_bytes": 10_485_760}

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(details={"limit_bytes": limit_bytes})


class InvalidRequest(ServiceError):
    """The body is not JSON or does not fit the schema."""

    code = ErrorCode.VALIDATION_ERROR
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    message = "The request does not fit its schema."
    example_details: ClassVar[Details | None] = {
        "fields": [{"field": "image", "message": "Field required"}]
    }


class InternalError(ServiceError):
    """A bug of ours."""

    code = ErrorCode.INTERNAL_ERROR
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    message = "The service failed. It was logged; trying again may help."


class ModelFailed(InternalError):
    """A loaded model gave something that is not an embedding."""

    code = ErrorCode.MODEL_ERROR
    message = "The model did not produce a valid embedding."


class ModelUnavailable(ServiceError):
    """The configured weights are missing or broken."""

    code = ErrorCode.MODEL_UNAVAILABLE
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = "The model's weights are missing or broken. `make weights` brings them."
    example_details: ClassVar[Details | None] = {"command": "make weights FACE_MODEL=mobilefacenet"}


class Overloaded(ServiceError):
    """As many requests wait as may wait."""

    code = ErrorCode.OVERLOADED
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = "Too many requests are waiting: try again in a moment."
    # Photos take a tenth of a second: by then a place is free.
    headers: ClassVar[dict[str, str] | None] = {"Retry-After": "1"}


class TimedOut(ServiceError):
    """The time budget of a request is spent; API Gateway words its own timeout alike."""

    code = ErrorCode.TIMEOUT
    status = HTTPStatus.GATEWAY_TIMEOUT
    message = "The answer took too long."


class GatewayError(NamedTuple):
    """An answer of API Gateway's own: the template words it, no code of ours raises it."""

    code: ErrorCode
    status: HTTPStatus
    message: str


GATEWAY_ERRORS = (
    GatewayError(ErrorCode.FORBIDDEN, HTTPStatus.FORBIDDEN, "Access to this API is denied."),
    GatewayError(
        ErrorCode.TOO_MANY_REQUESTS, HTTPStatus.TOO_MANY_REQUESTS, "Too many requests: slow down."
    ),
    GatewayError(ErrorCode.BAD_GATEWAY, HTTPStatus.BAD_GATEWAY, "The function behind it failed."),
)
