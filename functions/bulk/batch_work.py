"""Embeds the faces of a batch of photos."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from face_contract.deadline import NEVER
from face_contract.errors import ServiceError
from face_contract.scan_schemas import FaceChoice, PhotoFaces
from face_contract.schemas import EmbeddingFormat, ErrorBody
from face_contract.stages import StageTimes
from face_engine.extractor import Extractor
from face_engine.photo import decode_image
from functions.bulk.schemas import Counts, ErrorLine, FaceLine, Line, NoFaceLine
from functions.extract.many_photos import FaceSearch
from functions.extract.scan import describe_error, in_place_of_errors

CHOICE = FaceChoice(embedding_format=EmbeddingFormat.BASE64)


def embed_photos(
    keys: Sequence[str], read: Callable[[str], bytes], extractor: Extractor, max_pixels: int
) -> Iterator[list[Line]]:
    """Yields the lines of each photo: one per face, or one that says why there is none.

    Args:
        keys: names of the photos.
        read: returns the file of a photo. Its ServiceErrors become outcomes; StorageUnavailable
            ends the batch.
        extractor: finds and embeds the faces.
        max_pixels: largest photo that is decoded.

    Raises:
        StorageUnavailable: as `read` raises it.
    """
    search = FaceSearch(CHOICE, extractor, StageTimes())

    def examine(photo: bytes) -> PhotoFaces:
        return search.look(decode_image(photo, max_pixels), NEVER)[0]

    for key in keys:
        yield _write_lines(key, _examine(partial(read, key), examine))


def count(photos: Sequence[Sequence[Line]]) -> Counts:
    """Returns the counts of one batch."""
    firsts = [lines[0] for lines in photos]
    return Counts(
        batches=1,
        photos=len(photos),
        faces=sum(isinstance(line, FaceLine) for lines in photos for line in lines),
        without_face=sum(isinstance(line, NoFaceLine) for line in firsts),
        failed=sum(isinstance(line, ErrorLine) for line in firsts),
    )


def _examine(
    read: Callable[[], bytes], examine: Callable[[bytes], PhotoFaces]
) -> PhotoFaces | ErrorBody:
    try:
        photo = read()
    except ServiceError as error:
        return describe_error(error)
    return in_place_of_errors(partial(examine, photo))


def _write_lines(key: str, result: PhotoFaces | ErrorBody) -> list[Line]:
    if isinstance(result, ErrorBody):
        return [ErrorLine(key=key, code=result.code)]
    if not result.faces:
        return [NoFaceLine(key=key, model=result.model, warnings=result.warnings)]
    return [
        FaceLine(
            key=key,
            index=index,
            face_count=result.face_count,
            model=result.model,
            box=face.facial_area,
            confidence=face.face_confidence,
            quality=face.quality,
            warnings=result.warnings,
            embedding=str(face.embedding),
        )
        for index, face in enumerate(result.faces)
    ]
