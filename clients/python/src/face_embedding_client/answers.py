"""Reads answers. What an answer lacks, or has wrong, is never replaced by anything."""

import base64
import binascii
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from face_embedding_client.errors import AnsweredError, InvalidAnswer, class_for
from face_embedding_client.fields import Fields, Unreadable, expect, read_object, to_number
from face_embedding_client.results import (
    EMBEDDING_DIMENSIONS,
    Box,
    Comparison,
    Embedding,
    Extraction,
    Face,
    FaceMatch,
    FaceQuality,
    Health,
    Landmarks,
    Matches,
    ModelInfo,
    PhotoError,
    PhotoFaces,
    PhotosFaces,
    Point,
)

Value = TypeVar("Value")
FLOAT32_NUMBERS = struct.Struct(f"<{EMBEDDING_DIMENSIONS}f")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 200."""

    body: bytes
    request_id: str | None


def read_error(
    status: int, body: bytes, request_id: str | None, retry_after_s: float | None
) -> AnsweredError:
    """Returns the error of an answer; without a code if it is not in the service's envelope."""
    options: dict[str, Any] = {
        "status": status,
        "request_id": request_id,
        "retry_after_s": retry_after_s,
    }
    try:
        error = _read_photo_error(read_object(body), "error")
    except Unreadable:
        message = f"The answer has status {status} and is not the service's own."
        return class_for(None, status)(message, **options)
    kind = class_for(error.code, status)
    return kind(error.message, code=error.code, details=error.details, **options)


def read_result(read: Callable[[Fields], Value], answer: Answer) -> Value:
    """Reads the result of a successful answer.

    Raises:
        InvalidAnswer: it is not what the service promises.
    """
    try:
        return read(read_object(answer.body))
    except Unreadable as error:
        raise InvalidAnswer(
            f"The service's answer cannot be used: {error}.",
            status=HTTPStatus.OK,
            request_id=answer.request_id,
        ) from None


def read_extraction(fields: Fields) -> Extraction:
    """Reads the answer of extract-embedding."""
    model, face_count = fields.text("model"), fields.whole("face_count")
    if fields.content.get("embedding") is None and face_count == 0:
        embedding = None
    else:
        embedding = read_embedding(fields, model)
    return Extraction(
        embedding=embedding,
        face_count=face_count,
        face_confidence=fields.number("face_confidence"),
        facial_area=_read_box(fields, "facial_area"),
        model=model,
        warnings=_read_warnings(fields),
        processing_time_ms=fields.number("processing_time_ms"),
    )


def read_embedding(fields: Fields, model: str) -> Embedding:
    """Reads an `embedding` of 512 numbers, or the base64 of as many of float32.

    Raises:
        Unreadable: it is not exactly that.
    """
    value, name = fields.content.get("embedding"), fields.name("embedding")
    if isinstance(value, str):
        try:
            vector = FLOAT32_NUMBERS.unpack(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError, struct.error):
            raise Unreadable(f"`{name}` is not the base64 of 512 numbers") from None
    else:
        numbers: list[object] = expect(value, list, name)
        vector = tuple(to_number(number, name) for number in numbers)
    try:
        return Embedding(vector, model)
    except ValueError as error:
        raise Unreadable(f"`{name}` has {error}") from None


def read_comparison(fields: Fields) -> Comparison:
    """Reads the answer of compare-faces."""
    return Comparison(
        is_same_person=fields.flag("is_same_person"),
        distance=fields.number("distance"),
        similarity=fields.number("similarity"),
        confidence=fields.number("confidence"),
        threshold_used=fields.number("threshold_used"),
        distance_metric=fields.text("distance_metric"),
    )


def read_photos_faces(fields: Fields, photos: int) -> PhotosFaces:
    """Reads the answer of extract-embeddings to so many photos."""
    return PhotosFaces(
        results=tuple(map(_read_photo_faces, fields.objects("results", photos))),
        model=fields.text("model"),
        processing_time_ms=fields.number("processing_time_ms"),
    )


def _read_photo_faces(fields: Fields) -> PhotoFaces:
    error = fields.optional(_read_photo_error, "error")
    if error is not None:
        return PhotoFaces(None, None, 0, (), None, _read_warnings(fields), error)
    model = fields.text("model")
    return PhotoFaces(
        width=fields.whole("width"),
        height=fields.whole("height"),
        face_count=fields.whole("face_count"),
        faces=tuple(_read_face(face, model) for face in fields.objects("faces")),
        model=model,
        warnings=_read_warnings(fields),
        error=None,
    )


def _read_face(fields: Fields, model: str) -> Face:
    landmarks, quality = fields.object("landmarks"), fields.object("quality")
    return Face(
        embedding=read_embedding(fields, model),
        face_confidence=fields.number("face_confidence"),
        facial_area=_read_box(fields, "facial_area"),
        landmarks=Landmarks(
            right_eye=landmarks.optional(_read_point, "right_eye"),
            left_eye=landmarks.optional(_read_point, "left_eye"),
            nose=landmarks.optional(_read_point, "nose"),
            mouth_right=landmarks.optional(_read_point, "mouth_right"),
            mouth_left=landmarks.optional(_read_point, "mouth_left"),
        ),
        quality=FaceQuality(
            face_px=quality.whole("face_px"),
            sharpness=quality.number("sharpness"),
            roll_degrees=quality.number("roll_degrees"),
            yaw_degrees=quality.optional(Fields.number, "yaw_degrees"),
        ),
    )


def read_matches(fields: Fields, photos: int) -> Matches:
    """Reads the answer of match-faces to so many photos."""
    return Matches(
        matches=tuple(map(_read_match, fields.objects("matches", photos))),
        threshold_used=fields.number("threshold_used"),
        distance_metric=fields.text("distance_metric"),
        model=fields.text("model"),
        processing_time_ms=fields.number("processing_time_ms"),
    )


def _read_match(fields: Fields) -> FaceMatch:
    match = FaceMatch(
        is_same_person=fields.flag("is_same_person"),
        distance=fields.optional(Fields.number, "distance"),
        similarity=fields.optional(Fields.number, "similarity"),
        confidence=fields.optional(Fields.number, "confidence"),
        facial_area=fields.optional(_read_box, "facial_area"),
        face_confidence=fields.optional(Fields.number, "face_confidence"),
        face_count=fields.whole("face_count"),
        model=fields.optional(Fields.text, "model"),
        warnings=_read_warnings(fields),
        error=fields.optional(_read_photo_error, "error"),
    )
    if match.is_same_person and (match.distance is None or match.error is not None):
        raise Unreadable(f"`{fields.name('is_same_person')}` is true without a distance")
    return match


def read_health(fields: Fields) -> Health:
    """Reads the answer of health."""
    return Health(
        status=fields.text("status"),
        model=fields.text("model"),
        embedding_dimensions=fields.whole("embedding_dimensions"),
        model_loaded=fields.flag("model_loaded"),
        version=fields.text("version"),
    )


def read_model_info(fields: Fields) -> ModelInfo:
    """Reads the answer of model-info."""
    metrics, limits = fields.object("distance_metrics"), fields.object("limits")
    return ModelInfo(
        model=fields.text("model"),
        model_identity=fields.text("model_identity"),
        embedding_dimensions=fields.whole("embedding_dimensions"),
        detector=fields.text("detector"),
        alignment=fields.text("alignment"),
        distance_metrics={name: metrics.number(name) for name in metrics.content},
        limits={name: limits.whole(name) for name in limits.content},
        model_loaded=fields.flag("model_loaded"),
        described=fields.content,
    )


def _read_box(fields: Fields, key: str) -> Box:
    box = fields.object(key)
    return Box(box.whole("x"), box.whole("y"), box.whole("w"), box.whole("h"))


def _read_point(fields: Fields, key: str) -> Point:
    point = fields.object(key)
    return Point(point.number("x"), point.number("y"))


def _read_warnings(fields: Fields) -> tuple[str, ...]:
    return fields.optional(Fields.texts, "warnings") or ()


def _read_photo_error(fields: Fields, key: str) -> PhotoError:
    error = fields.object(key)
    details = error.optional(Fields.object, "details")
    return PhotoError(
        error.text("code"), error.text("message"), None if details is None else details.content
    )
