"""Bounds of the pauses, and every form of Retry-After."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face_embedding_client import RetryPolicy
from face_embedding_client.retries import read_retry_after

# A run on a slow machine fails no more than one on a quick one.
ALWAYS_THE_SAME = settings(derandomize=True, database=None, deadline=None, max_examples=300)
SECONDS = st.floats(0, 1e6, allow_nan=False)
POLICIES = st.builds(RetryPolicy, st.integers(0, 2000), SECONDS, SECONDS, SECONDS)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@ALWAYS_THE_SAME
@given(POLICIES, st.integers(0, 2000), st.none() | SECONDS, st.integers())
def test_a_pause_is_what_was_asked_for_and_up_to_a_bound_that_doubles(
    policy: RetryPolicy, attempt: int, asked_s: float | None, seed: int
) -> None:
    pause_s = policy.pause_s(attempt, asked_s, Random(seed).uniform)
    if attempt >= policy.retries or (asked_s or 0) > policy.max_retry_after_s:
        assert pause_s is None
        return
    assert pause_s is not None
    bound_s = float(min(Fraction(policy.cap_s), Fraction(policy.base_s) * 2**attempt))
    assert (asked_s or 0) <= pause_s <= (asked_s or 0) + bound_s
    assert math.isfinite(pause_s)


@ALWAYS_THE_SAME
@given(POLICIES, st.integers(0, 2000))
def test_the_whole_range_is_drawn_from(policy: RetryPolicy, attempt: int) -> None:
    """Full jitter: from 0, not from half of the bound."""
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    policy.pause_s(attempt, None, draw)
    for low, high in drawn:
        assert low == 0
        assert high <= policy.cap_s


def test_the_default_pauses_of_many_clients_are_spread() -> None:
    random = Random(1)
    for attempt, bound_s in enumerate((0.5, 1.0, 2.0)):
        pauses = [RetryPolicy().pause_s(attempt, None, random.uniform) or 0 for _ in range(1000)]
        assert min(pauses) < 0.05 * bound_s
        assert 0.95 * bound_s < max(pauses) <= bound_s
    assert RetryPolicy().pause_s(3, None) is None


@ALWAYS_THE_SAME
@given(st.integers(0, 10**12))
def test_seconds_are_read(seconds: int) -> None:
    assert read_retry_after(str(seconds), NOW) == seconds
    assert read_retry_after(f" {seconds} ", NOW) == seconds


@ALWAYS_THE_SAME
@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)))
def test_dates_are_read_and_the_past_is_now(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    header = format_datetime(moment, usegmt=True)
    assert read_retry_after(header, NOW) == max(0, (moment - NOW) / timedelta(seconds=1))


@ALWAYS_THE_SAME
@given(st.text() | st.from_regex(r"[A-Za-z]{3}, \d{1,9} [A-Za-z]{3} \d{1,9} [\d:]{1,12} \S{0,9}"))
def test_anything_else_is_no_wish_and_never_an_exception(text: str) -> None:
    seconds = read_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds < math.inf


@pytest.mark.parametrize("value", [None, "", "-1", "1.5", "soon", "9" * 10_000])
def test_odd_values(value: str | None) -> None:
    seconds = read_retry_after(value, NOW)
    assert seconds is None if value is None or not value.isdigit() else (seconds or 0) > 1e9


@pytest.mark.parametrize("name", ["retries", "base_s", "cap_s", "max_retry_after_s"])
def test_negative_numbers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="negative"):
        RetryPolicy(**{name: -1})
