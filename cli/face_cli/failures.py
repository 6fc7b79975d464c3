"""Failures that are reported to people in one line, and the exit codes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# As grep has them.
FOUND = 0
NOT_FOUND = 1
FAILED = 2


class Failure(Exception):
    """A command that cannot do its work.

    Args:
        message: a sentence for people.
        code: of the service's error, if there is one.
        details: of the service's error.
    """

    def __init__(
        self, message: str, code: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details


@contextmanager
def blame(photo: str) -> Iterator[None]:
    """Names the photo in the errors that are its own."""
    # Late, for quick completion and help.
    from face_embedding_client import RequestRejected

    try:
        yield
    except RequestRejected as error:
        raise Failure(f"{photo}: {error.message}", error.code, error.details) from error
