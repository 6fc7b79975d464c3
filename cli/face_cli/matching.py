"""Looks for a person in many photos, several at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from face_cli.output import progress_of
from face_embedding_client import (
    CallTimedOut,
    FaceMatch,
    PayloadTooLarge,
    PhotoError,
    ServiceFailed,
    ServiceUnavailable,
)

# Photos on their way at a time: enough to keep a small service busy, and few enough for its queue.
AT_ONCE = 4

Look: TypeAlias = Callable[[Path], FaceMatch]


def look_at_all(photos: list[Path], look: Look) -> list[tuple[Path, FaceMatch]]:
    """Looks at each photo in a request of its own, so that no body grows too large.

    A photo that cannot be read, or that the service fails with, gets an error in its place. What
    would happen to all others too is raised, such as a service that is gone.

    Args:
        photos: the photos.
        look: looks at one. It must not outlast an interrupt: the client's end cancels it.

    Raises:
        FaceClientError: any other.
    """
    threads = ThreadPoolExecutor(AT_ONCE)
    try:
        with progress_of(
            threads.map(lambda photo: _try(photo, look), photos), len(photos)
        ) as found:
            return list(zip(photos, found, strict=True))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _try(photo: Path, look: Look) -> FaceMatch:
    try:
        return look(photo)
    except (PayloadTooLarge, ServiceFailed, ServiceUnavailable, CallTimedOut) as error:
        return _failed(error.code or type(error).__name__, error.message)
    except OSError as error:
        return _failed(type(error).__name__, error.strerror or "The file cannot be read.")


def _failed(code: str, message: str) -> FaceMatch:
    return FaceMatch(
        is_same_person=False,
        distance=None,
        similarity=None,
        confidence=None,
        facial_area=None,
        face_confidence=None,
        face_count=0,
        model=None,
        warnings=(),
        error=PhotoError(code, message, None),
    )
