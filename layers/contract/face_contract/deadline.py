"""A deadline that is checked between stages of work."""

import math
import time
from collections.abc import Callable

from face_contract.errors import ServiceError, TimedOut


class Deadline:
    """The moment after which no further work should start."""

    def __init__(
        self, budget_s: float = math.inf, error: Callable[[], ServiceError] = TimedOut
    ) -> None:
        """Starts the clock.

        Args:
            budget_s: seconds from now.
            error: makes the exception to raise after the deadline.
        """
        self._end_s = time.monotonic() + budget_s
        self._error = error

    def earlier(self, seconds: float) -> "Deadline":
        """Returns a deadline that passes so many seconds before this one, with the same error."""
        deadline = Deadline(error=self._error)
        deadline._end_s = self._end_s - seconds
        return deadline

    def remaining_s(self) -> float:
        """Returns the seconds left; always more than 0.

        Raises:
            ServiceError: the deadline has passed; `error` made it.
        """
        remaining_s = self._end_s - time.monotonic()
        if remaining_s <= 0:
            raise self._error()
        return remaining_s

    def check(self) -> None:
        """Checks that there is time left.

        Raises:
            ServiceError: the deadline has passed; `error` made it.
        """
        self.remaining_s()


NEVER = Deadline()
