"""The end of the time for something, which work asks for between its stages."""

import math
import time
from collections.abc import Callable

from face_contract.errors import ServiceError, TimedOut


class Deadline:
    """A moment from which on nothing more is worth to be begun."""

    def __init__(
        self, budget_s: float = math.inf, error: Callable[[], ServiceError] = TimedOut
    ) -> None:
        """Lets the time run.

        Args:
            budget_s: seconds from now.
            error: makes what is raised when they are over.
        """
        self._end_s = time.monotonic() + budget_s
        self._error = error

    def remaining_s(self) -> float:
        """Returns the seconds left, more than 0.

        Raises:
            ServiceError: there are none.
        """
        remaining_s = self._end_s - time.monotonic()
        if remaining_s <= 0:
            raise self._error()
        return remaining_s

    def check(self) -> None:
        """Makes sure that time is left.

        Raises:
            ServiceError: there is none.
        """
        self.remaining_s()


NEVER = Deadline()
