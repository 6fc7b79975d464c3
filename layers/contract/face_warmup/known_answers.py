"""Sends requests with known answers to a new version, and checks what it returns."""

import json
import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from face_contract.distance import EMBEDDING_DIMENSIONS, DistanceMetric, compare
from face_contract.errors import InvalidEmbedding
from face_contract.schemas import CompareResponse, ExtractResponse, Schema
from face_contract.vectors import read_vector

Event: TypeAlias = dict[str, Any]
# Sends a gateway event to a version; returns its answer.
Send: TypeAlias = Callable[[Event], Any]
Body = TypeVar("Body", bound=Schema)

# Centre of the face in events/portrait.jpg, in pixels. Every detector's box contains it.
FACE_X, FACE_Y = 87, 84
MAX_ERROR = 1e-6


class WrongAnswer(Exception):
    """A version gave a wrong answer."""


def check_extraction(send: Send, event: Event, expected_model: str) -> None:
    """Extracts the sample portrait and checks the answer.

    Args:
        send: sends an event to the version under test.
        event: a request to extract events/portrait.jpg.
        expected_model: model, detector and alignment, such as `arcface/retinaface/deepface`.

    Raises:
        WrongAnswer: the answer is an error, or its face or its model is wrong.
    """
    answer = _read_answer(send(event), ExtractResponse)
    if answer.face_count != 1:
        raise WrongAnswer(f"the portrait has one face, not {answer.face_count}")
    area = answer.facial_area
    if not (area.x < FACE_X < area.x + area.w and area.y < FACE_Y < area.y + area.h):
        raise WrongAnswer(f"the portrait's face is not at {area}")
    try:
        embedding = read_vector(answer.embedding or [], "embedding")
        compare(embedding, embedding, DistanceMetric.COSINE)
    except InvalidEmbedding as error:
        raise WrongAnswer(f"the embedding is invalid: {error.message}") from None
    # An identity is `name-hash/detector/alignment`.
    name, _, preparation = expected_model.partition("/")
    if not re.fullmatch(rf"{re.escape(name)}-[0-9a-f]+/{re.escape(preparation)}", answer.model):
        raise WrongAnswer(f"the embedding is of {answer.model}, not of {expected_model}")


def _vector(*start: float) -> list[float]:
    return [*start, *[0.0] * (EMBEDDING_DIMENSIONS - len(start))]


# NEAR: two vectors of length 3 with a cosine of 0.6. FAR: a right angle with sides of 3 and 4.
NEAR = (_vector(3), _vector(1.8, 2.4))
FAR = (_vector(3), _vector(0, 4))
# For each metric: the distances of NEAR and FAR, and DeepFace's ArcFace threshold in between.
KNOWN_DISTANCES = {
    DistanceMetric.COSINE: (0.4, 1.0, 0.68),
    DistanceMetric.EUCLIDEAN: (math.sqrt(7.2), 5.0, 4.15),
    DistanceMetric.EUCLIDEAN_L2: (math.sqrt(0.8), math.sqrt(2), 1.13),
}


def check_comparison(send: Send, event: Event) -> None:
    """Compares vectors of known distance with each metric, and checks the answers.

    Args:
        send: sends an event to the version under test.
        event: a comparison request; its body is replaced.

    Raises:
        WrongAnswer: an answer is an error, or a distance or verdict is wrong.
    """
    for metric, (near, far, threshold) in KNOWN_DISTANCES.items():
        for vectors, distance in ((NEAR, near), (FAR, far)):
            body = {
                "embedding1": vectors[0],
                "embedding2": vectors[1],
                "distance_metric": metric,
            }
            answer = _read_answer(send({**event, "body": json.dumps(body)}), CompareResponse)
            if (
                answer.distance_metric is not metric
                or abs(answer.distance - distance) > MAX_ERROR
                or abs(answer.threshold_used - threshold) > MAX_ERROR
                or answer.is_same_person is not (distance < threshold)
            ):
                raise WrongAnswer(f"the {metric} distance should be {distance}: {answer}")


def _read_answer(answer: Any, schema: type[Body]) -> Body:
    # Messages never quote the body: it may hold an embedding.
    if not isinstance(answer, dict) or answer.get("statusCode") != 200:  # noqa: PLR2004
        status = answer.get("statusCode") if isinstance(answer, dict) else None
        raise WrongAnswer(f"the answer's status is {status}, not 200")
    try:
        return schema.model_validate_json(answer.get("body") or "", strict=True)
    except ValidationError:
        raise WrongAnswer(f"the answer does not fit {schema.__name__}") from None
