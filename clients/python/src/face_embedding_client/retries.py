"""When to try again, and after which pause."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

# The service is busy, not ready or too slow. All other errors would come again.
RETRIED_STATUSES = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try again, and how long to wait before.

    The pause is random between 0 and a bound that doubles with each attempt ("full jitter"), so
    that clients that failed together do not come again together.

    Args:
        retries: attempts after the first.
        base_s: bound of the first pause.
        cap_s: largest bound.
        max_retry_after_s: if `Retry-After` asks for more, the error is raised at once.

    Raises:
        ValueError: a number is negative.
    """

    retries: int = 3
    base_s: float = 0.5
    cap_s: float = 8.0
    max_retry_after_s: float = 30.0

    def __post_init__(self) -> None:
        if min(self.retries, self.base_s, self.cap_s, self.max_retry_after_s) < 0:
            raise ValueError("a retry policy has no negative numbers")

    def pause_s(
        self,
        attempt: int,
        retry_after_s: float | None,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> float | None:
        """Returns the seconds to wait after a failed attempt; None if there shall be no other.

        Args:
            attempt: 0 for the first.
            retry_after_s: what the service asked for. The pause is never shorter; the random part
                comes on top.
            draw: returns a random number between two.
        """
        asked_s = 0.0 if retry_after_s is None else retry_after_s
        if attempt >= self.retries or asked_s > self.max_retry_after_s:
            return None
        # 2.0 ** 1024 is no float.
        bound_s = min(self.cap_s, self.base_s * 2.0 ** min(attempt, 64))
        return asked_s + draw(0.0, bound_s)


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Returns the seconds in a `Retry-After` header: 0 for a moment in the past.

    Args:
        value: seconds, or an HTTP date (RFC 9110 §10.2.3); None without the header.
        now: with a time zone.

    Returns:
        None if the value is neither.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        # Python refuses to read thousands of digits; no more than a billion makes a difference.
        return float(text[:300])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
