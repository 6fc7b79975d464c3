"""What is looked for in each photo of a request: all faces, or one person's nearest face."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from face_contract.deadline import Deadline
from face_contract.distance import check_embedding, compare
from face_contract.errors import NoFaceDetected, PayloadTooLarge
from face_contract.scan_schemas import (
    FaceChoice,
    FaceQuality,
    FoundFace,
    Landmarks,
    Match,
    MatchRequest,
    PhotoFaces,
    Point,
)
from face_contract.schemas import ErrorBody, FacialArea
from face_contract.stages import StageTimes
from face_contract.vectors import read_vector
from face_engine.extractor import Extractor, FoundFaces
from face_engine.faces import Face, Photo
from face_engine.quality import measure_quality
from face_engine.views import Views
from functions.extract.embeddings import write
from functions.extract.scan import describe_error

LANDMARK_NAMES = ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")
# Decimal digits of landmarks, in pixels, and of the measures of quality.
DIGITS = 2
ANSWER_TOO_LARGE = (
    "The answer would be too large with the faces of this photo: ask for `embedding_format`"
    " `base64`, set `max_faces`, or send fewer images."
)


@dataclass(frozen=True, slots=True)
class FaceSearch:
    """Finds all faces of a photo that are wanted, and embeds them."""

    request: FaceChoice
    extractor: Extractor
    stages: StageTimes

    def look(self, photo: Photo, deadline: Deadline) -> tuple[PhotoFaces, int]:
        """Returns the faces of a photo, and the size of this result as JSON in bytes.

        Raises:
            ModelFailed: the network's output is not a valid vector.
            TimedOut: the deadline has passed.
        """
        request, extractor = self.request, self.extractor
        found = find(photo, extractor, self.stages, align=request.align)
        faces = [
            face
            for face in keep_large(found, request.min_face_px)
            if face.score >= request.min_confidence
        ][: request.max_faces]
        vectors = extractor.embed(found, faces, deadline)
        result = PhotoFaces(
            width=photo.width,
            height=photo.height,
            face_count=len(found.faces),
            faces=[
                FoundFace(
                    embedding=write(vector, request.embedding_format),
                    face_confidence=face.score,
                    facial_area=FacialArea(**asdict(photo.box_of(face))),
                    landmarks=_name_landmarks(photo, face),
                    quality=_describe_quality(photo, face),
                )
                for face, vector in zip(faces, vectors, strict=True)
            ],
            model=_name_model(extractor, faces, align=request.align),
            warnings=list(photo.warnings),
        )
        return result, len(result.model_dump_json())


def limit_answer(
    results: Sequence[tuple[PhotoFaces, int] | ErrorBody], max_bytes: int
) -> list[PhotoFaces]:
    """Returns the results, with an error in place of those that make the answer too large.

    Lambda fails with an answer above its limit, and then none of it arrives.
    """
    limited, total_bytes = [], 0
    for result in results:
        if isinstance(result, ErrorBody):
            limited.append(PhotoFaces(error=result))
            continue
        faces, size = result
        if total_bytes + size > max_bytes:
            error = describe_error(PayloadTooLarge(max_bytes, ANSWER_TOO_LARGE))
            limited.append(PhotoFaces(error=error))
        else:
            total_bytes += size
            limited.append(faces)
    return limited


def read_person(request: MatchRequest) -> list[float]:
    """Returns the numbers of a request's embedding.

    Raises:
        InvalidEmbedding: it cannot be compared with embeddings.
    """
    person = check_embedding(read_vector(request.embedding, "embedding"), "embedding")
    # Its distance from any embedding may be too large for a number: then from this one, too.
    compare(person, [1.0] * len(person), request.distance_metric)
    return person


@dataclass(frozen=True, slots=True)
class PersonSearch:
    """Finds the face of a photo that is nearest to a person."""

    request: MatchRequest
    person: list[float]
    extractor: Extractor
    stages: StageTimes

    def look(self, photo: Photo, deadline: Deadline) -> Match:
        """Returns the nearest face of a photo, if there is any.

        Raises:
            ModelFailed: the network's output is not a valid vector.
            TimedOut: the deadline has passed.
        """
        request, extractor = self.request, self.extractor
        found = find(photo, extractor, self.stages, align=request.align)
        faces = keep_large(found, request.min_face_px)
        comparisons = [
            compare(self.person, vector.tolist(), request.distance_metric, request.threshold)
            for vector in extractor.embed(found, faces, deadline)
        ]
        warnings = list(photo.warnings)
        if not comparisons:
            model = _name_model(extractor, [], align=request.align)
            return Match(face_count=len(found.faces), model=model, warnings=warnings)
        nearest, face = min(zip(comparisons, faces, strict=True), key=lambda pair: pair[0].distance)
        return Match(
            is_same_person=nearest.is_same_person,
            distance=nearest.distance,
            similarity=nearest.similarity,
            confidence=nearest.confidence,
            facial_area=FacialArea(**asdict(photo.box_of(face))),
            face_confidence=face.score,
            face_count=len(found.faces),
            model=_name_model(extractor, [face], align=request.align),
            warnings=warnings,
        )


def find(photo: Photo, extractor: Extractor, stages: StageTimes, *, align: bool) -> FoundFaces:
    """Finds the faces of a photo; none is no error, whether the photo is damaged or not."""
    try:
        return extractor.find(photo, align=align, stages=stages)
    except NoFaceDetected:
        return FoundFaces(photo, Views(photo.rgb), [], align, stages)


def keep_large(found: FoundFaces, min_face_px: int) -> list[Face]:
    """Returns the faces whose box has a shorter side of at least so much, the largest first."""
    boxes = [(face, found.photo.box_of(face)) for face in found.faces]
    return [
        face
        for face, box in sorted(boxes, key=lambda pair: pair[0].area, reverse=True)
        if min(box.w, box.h) >= min_face_px
    ]


def _name_model(extractor: Extractor, faces: Sequence[Face], *, align: bool) -> str:
    if not faces:
        return extractor.identity_for(align=align)
    return extractor.model_of(faces[0], align=align)


def _name_landmarks(photo: Photo, face: Face) -> Landmarks:
    points = [
        None
        if np.isnan(point).any()
        else Point(x=round(point[0], DIGITS), y=round(point[1], DIGITS))
        for point in photo.landmarks_of(face)
    ]
    return Landmarks(**dict(zip(LANDMARK_NAMES, points, strict=True)))


def _describe_quality(photo: Photo, face: Face) -> FaceQuality:
    quality = measure_quality(photo, face)
    yaw = quality.yaw_degrees
    return FaceQuality(
        face_px=quality.face_px,
        sharpness=round(quality.sharpness, DIGITS),
        roll_degrees=round(quality.roll_degrees, DIGITS),
        yaw_degrees=None if yaw is None else round(yaw, DIGITS),
    )
