"""Looks at the photos of one request: downloads them together, works on one after another."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext, suppress
from functools import partial
from http import HTTPStatus
from typing import TypeAlias, TypeVar

from face_contract.deadline import Deadline
from face_contract.errors import InternalError, ServiceError, TimedOut
from face_contract.schemas import ErrorBody, ImageType, SentImage
from face_contract.stages import Stage
from face_engine.faces import Photo
from face_service.admission import Admission
from face_service.error_handlers import log_unexpected
from functions.extract.photo_source import PhotoSource

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
# Looks at one photo until a deadline. Raises ServiceError.
Look: TypeAlias = Callable[[Photo, Deadline], Result]

# Photos of all scans that are downloaded, or wait for their turn: 400 MB at 10 MB each. Further
# downloads wait. Twice what one request may have, so that one of slow servers leaves room.
MAX_DOWNLOADED = 40
# What is left for the answer when the last photo is given up: at most this, and this share of the
# budget.
ANSWER_S = 1.0
ANSWER_SHARE = 0.1


def describe_error(error: ServiceError) -> ErrorBody:
    """Returns the error that stands in the place of a photo's result."""
    return ErrorBody(code=error.code, message=error.message, details=error.details)


class Scanner:
    """Looks at the photos of requests with many.

    Args:
        source: gets the photos.
        budget_s: the time budget of a request.
    """

    def __init__(self, source: PhotoSource, budget_s: float) -> None:
        self._source = source
        self._reserve_s = min(ANSWER_S, budget_s * ANSWER_SHARE)
        # Not the pool of single downloads: those must not wait behind twenty slow servers.
        self._threads = ThreadPoolExecutor(MAX_DOWNLOADED, "download")
        self._downloaded = asyncio.Semaphore(MAX_DOWNLOADED)

    async def scan(
        self, images: Sequence[SentImage], admission: Admission, look: Look[Result]
    ) -> list[Result | ErrorBody]:
        """Returns the result of each photo, or its error, in the order of the photos.

        URLs are downloaded at the same time. One photo at a time is decoded and looked at, in the
        order in which they are there, so the request works in one thread and only files are kept.
        Shortly before the request's deadline the photos that are not done get `TIMEOUT`.

        Args:
            images: the photos.
            admission: the request's.
            look: called in a thread of the admission's pool.

        Raises:
            Overloaded: too many requests wait for downloads.
            TimedOut: no time is left for any photo.
        """
        deadline = admission.deadline.earlier(self._reserve_s)
        results: list[Result | ErrorBody] = [describe_error(TimedOut())] * len(images)
        turn = asyncio.Lock()
        waiting = sum(image.image_type is ImageType.URL for image in images)

        async def take(index: int, image: SentImage) -> None:
            nonlocal waiting
            is_url = image.image_type is ImageType.URL
            async with self._downloaded if is_url else nullcontext():
                file = await self._download(image.image, deadline) if is_url else None
                waiting -= is_url
                if waiting == 0:
                    admission.stages.end(Stage.DOWNLOAD)
                    downloads.close()
                if isinstance(file, ErrorBody):
                    results[index] = file
                    return
                async with turn:
                    results[index] = await admission.run(
                        partial(self._examine, image, file, deadline, admission, look)
                    )

        if waiting == len(images):
            # The body held only URLs.
            admission.release_body()
        with suppress(TimeoutError), ExitStack() as downloads:
            if waiting:
                downloads.enter_context(self._source.enter_downloads())
                admission.stages.begin(Stage.DOWNLOAD)
            async with asyncio.timeout(deadline.remaining_s()), asyncio.TaskGroup() as group:
                for index, image in enumerate(images):
                    group.create_task(take(index, image))
        return results

    async def _download(self, url: str, deadline: Deadline) -> bytes | ErrorBody:
        work = partial(in_place_of_errors, partial(self._source.fetch, url, deadline))
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _examine(
        self,
        image: SentImage,
        file: bytes | None,
        deadline: Deadline,
        admission: Admission,
        look: Look[Result],
    ) -> Result | ErrorBody:
        def decode_and_look() -> Result:
            return look(self._source.decode(image, file, deadline, admission.stages), deadline)

        return in_place_of_errors(decode_and_look)


def in_place_of_errors(work: Callable[[], Result]) -> Result | ErrorBody:
    """Returns the result of work on one photo, or the error that stands in its place.

    Even an unexpected exception must not spoil the other photos. None is kept: its frames hold the
    photo.
    """
    try:
        return work()
    except ServiceError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error("%s: %s", error.code, error.message)
        return describe_error(error)
    except Exception as error:
        log_unexpected(error)
        return describe_error(InternalError())
