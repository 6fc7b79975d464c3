"""Measures in alternation: medians, quartiles, and the ratios of pairs."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

# A part of the results: what JSON can hold, and `Summary`.
Results: TypeAlias = dict[str, Any]
# A measurement by name, one per round.
Samples: TypeAlias = dict[str, list[float]]
Action: TypeAlias = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Summary:
    """The median of some measurements, their quartiles and their number."""

    median: float
    low: float
    high: float
    rounds: int


def alternate(actions: Mapping[str, Action], rounds: int) -> Samples:
    """Measures all actions once per round, every other round in reverse order.

    So what drifts (other processes, the processor's clock) affects all of them alike. Ratios are
    taken within each round.
    """
    samples: Samples = {name: [] for name in actions}
    for number in range(rounds):
        for name in list(actions) if number % 2 == 0 else reversed(list(actions)):
            samples[name].append(actions[name]())
    return samples


def summarise(values: Sequence[float]) -> Summary:
    """Returns median and quartiles.

    Raises:
        statistics.StatisticsError: there are no values.
    """
    if len(values) == 1:
        return Summary(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Summary(median, low, high, len(values))


def summarise_all(samples: Samples) -> dict[str, Summary]:
    """Summarises the measurements of each name."""
    return {name: summarise(values) for name, values in samples.items()}


def ratio(samples: Samples, name: str, over: str) -> Summary:
    """Summarises the quotients of two measurements of the same round."""
    return summarise([a / b for a, b in zip(samples[name], samples[over], strict=True)])


def ratios_to_baseline(samples: Samples) -> Results:
    """Returns {"present_to_baseline": ratio}, or nothing without a baseline."""
    if "baseline" not in samples:
        return {}
    return {"present_to_baseline": ratio(samples, "present", "baseline")}


def time_ms(action: Callable[[], object]) -> float:
    """Returns the milliseconds that one call takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000
