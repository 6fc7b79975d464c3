"""The error tree. Codes are those of the service's error envelope.

FaceClientError             code, status and request_id; each may be None
├── ConnectionFailed        no connection, or it broke before the answer was complete
├── CallTimedOut            no answer within the call's time
├── InvalidAnswer           the answer is not what the service promises, such as a bad vector
└── AnsweredError           the service, or a proxy before it, answered an error
    ├── RequestRejected     any other 4xx
    │   ├── ImageRejected   INVALID_IMAGE, DOWNLOAD_FAILED
    │   │   ├── NoFaceDetected
    │   │   └── MultipleFacesDetected
    │   ├── ModelMismatch
    │   ├── PayloadTooLarge
    │   └── Forbidden
    ├── ServiceUnavailable  429, 502, 503 and 504: it may work later
    └── ServiceFailed       any other status, such as 500
"""

from collections.abc import Mapping
from http import HTTPStatus


class FaceClientError(Exception):
    """A call that brought no result.

    Attributes:
        message: a sentence for people.
        code: of the error envelope, such as `NO_FACE_DETECTED`; None without an envelope.
        status: HTTP status of the answer; None without an answer.
        request_id: the gateway's id of the request, to find it in the logs; None if it sent none.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id


class ConnectionFailed(FaceClientError):
    """There was no connection, or it broke before the answer was complete."""


class CallTimedOut(FaceClientError):
    """There was no answer within the call's time."""


class InvalidAnswer(FaceClientError):
    """The answer is not what the service promises. No part of it is used."""


class AnsweredError(FaceClientError):
    """The answer is an error.

    Attributes:
        details: facts for programs, as the service sent them; None if there are none.
        retry_after_s: seconds after which the service wants to be asked again; None if it did not
            say.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        details: Mapping[str, object] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, request_id=request_id)
        self.details = details
        self.retry_after_s = retry_after_s


class RequestRejected(AnsweredError):
    """The request is at fault: sent again, it will be refused again."""


class ImageRejected(RequestRejected):
    """The image cannot be used."""


class NoFaceDetected(ImageRejected):
    """No face was found, but one is required."""


class MultipleFacesDetected(ImageRejected):
    """Several faces were found, but exactly one is required; `details["face_count"]`."""


class ModelMismatch(RequestRejected):
    """The embeddings were made by different models, so their distance means nothing."""


class PayloadTooLarge(RequestRejected):
    """The request or its image is too large; `details["limit_bytes"]`."""


class Forbidden(RequestRejected):
    """The API key is missing or wrong, or this network may not call."""


class ServiceUnavailable(AnsweredError):
    """The service is overloaded, too slow or not ready: it may work later."""


class ServiceFailed(AnsweredError):
    """The service failed."""


BY_CODE: dict[str, type[AnsweredError]] = {
    "NO_FACE_DETECTED": NoFaceDetected,
    "MULTIPLE_FACES_DETECTED": MultipleFacesDetected,
    "INVALID_IMAGE": ImageRejected,
    "DOWNLOAD_FAILED": ImageRejected,
    "MODEL_MISMATCH": ModelMismatch,
    "PAYLOAD_TOO_LARGE": PayloadTooLarge,
    "FORBIDDEN": Forbidden,
}
BY_STATUS: dict[int, type[AnsweredError]] = {
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PayloadTooLarge,
    HTTPStatus.TOO_MANY_REQUESTS: ServiceUnavailable,
    HTTPStatus.BAD_GATEWAY: ServiceUnavailable,
    HTTPStatus.SERVICE_UNAVAILABLE: ServiceUnavailable,
    HTTPStatus.GATEWAY_TIMEOUT: ServiceUnavailable,
}


def class_for(code: str | None, status: int) -> type[AnsweredError]:
    """Returns the class of an error answer: by its code, else by its status."""
    if code in BY_CODE:
        return BY_CODE[code]
    if status in BY_STATUS:
        return BY_STATUS[status]
    is_rejected = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return RequestRejected if is_rejected else ServiceFailed
