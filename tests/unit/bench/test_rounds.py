import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.speed.rounds import alternate, ratio, summarise, time_ms

POSITIVE = st.floats(0.01, 1000)


def test_each_round_measures_everything_once_in_alternating_order() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return len(order)

    samples = alternate({name: lambda name=name: measure(name) for name in "abc"}, 3)  # type: ignore[misc]
    assert order == [*"abc", *"cba", *"abc"]
    assert samples == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


@given(st.lists(POSITIVE, min_size=1, max_size=30))
def test_the_median_lies_between_the_quartiles(values: list[float]) -> None:
    summary = summarise(values)
    # Interpolation rounds.
    ordered = [min(values), summary.low, summary.median, summary.high, max(values)]
    assert all(a <= b * (1 + 1e-9) for a, b in itertools.pairwise(ordered))
    assert summary.median == pytest.approx(statistics.median(values))
    assert summary.rounds == len(values)


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=30), POSITIVE)
def test_a_machine_that_slows_down_does_not_change_the_ratio(
    slowness: list[tuple[float, float]], factor: float
) -> None:
    # In each round the machine has another speed, and one action takes `factor` times the other.
    base = [speed for speed, _ in slowness]
    samples = {"a": [factor * speed for speed in base], "b": base}
    summary = ratio(samples, "a", "b")
    assert (summary.low, summary.median, summary.high) == pytest.approx((factor,) * 3)


def test_ratios_need_the_same_rounds() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio({"a": [1, 2], "b": [1]}, "a", "b")


def test_time_is_in_milliseconds() -> None:
    counter = itertools.count()
    spent_ms = time_ms(lambda: [next(counter) for _ in range(1000)])
    assert 0 < spent_ms < 1000
    assert next(counter) == 1000
