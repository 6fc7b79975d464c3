"""What photos cost: times between the measured ones, and the chosen memory."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.speed.cost import (
    MB_PER_PROCESSOR,
    NEW_ACCOUNT_MB,
    SIZES_MB,
    USABLE,
    WORTH,
    X86_64,
    Times,
    choose,
    costs_of,
    read_times,
)

measured = st.builds(
    lambda one_ms, share, peak_mb: Times(one_ms, one_ms * share, peak_mb),
    st.floats(5, 5000),
    # Two processors take between half the time of one and all of it.
    st.floats(0.5, 1),
    st.floats(100, NEW_ACCOUNT_MB * USABLE),
)


@given(measured)
def test_times_are_the_measured_ones_and_never_grow_with_memory(times: Times) -> None:
    assert times.at_ms(MB_PER_PROCESSOR) == pytest.approx(times.one_ms)
    assert times.at_ms(2 * MB_PER_PROCESSOR) == pytest.approx(times.two_ms)
    assert times.at_ms(10240) == pytest.approx(times.two_ms)
    assert times.at_ms(MB_PER_PROCESSOR // 2) == pytest.approx(2 * times.one_ms, rel=0.01)
    by_size = [times.at_ms(size) for size in SIZES_MB]
    assert all(b <= a * (1 + 1e-9) for a, b in itertools.pairwise(by_size))


@given(measured)
def test_the_chosen_size_holds_a_photo_and_costs_little_more_than_the_cheapest(
    times: Times,
) -> None:
    costs = costs_of(times, X86_64)
    best = choose(costs)
    assert times.peak_mb <= best.memory_mb * USABLE
    assert best.memory_mb <= NEW_ACCOUNT_MB
    cheaper = [cost for cost in costs if cost.memory_mb <= NEW_ACCOUNT_MB]
    assert best.dollars <= WORTH * min(cost.dollars for cost in cheaper)
    assert all(
        cost.milliseconds >= best.milliseconds
        for cost in cheaper
        if cost.dollars <= WORTH * min(cost.dollars for cost in cheaper)
    )


def test_a_million_photos_of_a_second_with_one_gigabyte() -> None:
    processor_share = 1024 / MB_PER_PROCESSOR
    (cost, *_) = costs_of(Times(1000 * processor_share, 900 * processor_share, 100), X86_64)
    assert cost.memory_mb == 1024
    assert cost.milliseconds == pytest.approx(1000)
    # A million GB-seconds, and a million requests.
    assert cost.dollars == pytest.approx(16.6667 + 0.20)


def test_results_of_another_number_of_processors_are_refused() -> None:
    with pytest.raises(KeyError, match="two processors"):
        read_times({"photos_per_s_by_processors": {"4": {}, "1": {}}})
