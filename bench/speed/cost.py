"""What a million photos cost on Lambda: python -m bench.speed.cost.

From the measured times and memory in bench/results/speed.json. Lambda gives one processor for each
1,769 MB of memory, and bills time × memory.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.speed.report import TITLES
from bench.speed.rounds import Results

MB_PER_PROCESSOR = 1769
SIZES_MB = (1024, 1536, 1769, 2048, 3008, 3538, 5120, 7076, 10240)
# More than this a new AWS account does not get.
NEW_ACCOUNT_MB = 3008
# Of a function's memory, the part that a photo may take: the runtime needs some, too.
USABLE = 0.8
# A faster size is worth so much more than the cheapest.
WORTH = 1.15


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars, without the free tier and without API Gateway.

    Attributes:
        gb_second: of a function's memory.
        million_requests: of invocations.
    """

    gb_second: float
    million_requests: float


# On demand, us-east-1 and eu-west-1, first tier. They are options, because they change.
X86_64 = Prices(gb_second=0.0000166667, million_requests=0.20)
PRICES_OF = "May 2026"


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one warm extraction, on one processor and on two; the peak memory in MB."""

    one_ms: float
    two_ms: float
    peak_mb: float

    def at_ms(self, memory_mb: int) -> float:
        """Returns the milliseconds with a size of memory.

        Below one processor the time is shared out. Between one and two the part of the work that
        two processors did at the same time shrinks (Amdahl's law). More than two were not
        measured, so they are taken for no faster.
        """
        processors = min(memory_mb / MB_PER_PROCESSOR, 2)
        if processors < 1:
            return self.one_ms / processors
        parallel_ms = 2 * (self.one_ms - self.two_ms)
        return self.one_ms - parallel_ms + parallel_ms / processors


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of a photo and dollars of a million, with a size of memory."""

    memory_mb: int
    milliseconds: float
    dollars: float


def read_times(service: Results) -> Times:
    """Returns the present times of a configuration from the results' part `service`.

    On one processor it is that of several clients, the server being pinned to it.

    Raises:
        KeyError: it was measured on a machine of one processor, or of more than two.
    """
    photos_per_s = service["photos_per_s_by_processors"]
    if "2" not in photos_per_s:
        raise KeyError("measure on two processors: taskset --cpu-list 0,1 make bench")
    return Times(
        one_ms=1000 / photos_per_s["1"]["present"]["median"],
        two_ms=service["latency_ms"]["present"]["median"],
        peak_mb=service["memory_mb"]["present"]["one_client_peak"],
    )


def costs_of(times: Times, prices: Prices) -> list[Cost]:
    """Returns the costs with each size of memory that holds a photo."""
    return [
        Cost(
            size,
            times.at_ms(size),
            times.at_ms(size) * size / 1024 * 1000 * prices.gb_second + prices.million_requests,
        )
        for size in SIZES_MB
        if size * USABLE >= times.peak_mb
    ]


def choose(costs: list[Cost]) -> Cost:
    """Returns the fastest of those that any account gets and that cost little more than the least.

    Raises:
        ValueError: there is none.
    """
    open_to_all = [cost for cost in costs if cost.memory_mb <= NEW_ACCOUNT_MB]
    limit = WORTH * min(cost.dollars for cost in open_to_all)
    return min(
        (cost for cost in open_to_all if cost.dollars <= limit), key=lambda cost: cost.milliseconds
    )


def write_table(results: Results, prices: Prices) -> Iterator[str]:
    """Yields the lines of a table in Markdown, the chosen sizes in bold."""
    yield "| memory, MB | " + " | ".join(TITLES[name] for name in results["service"]) + " |"
    yield "|---" * (len(results["service"]) + 1) + "|"
    columns = [costs_of(read_times(part), prices) for part in results["service"].values()]
    chosen = [choose(costs) for costs in columns]
    for size in SIZES_MB:
        cells = [_cell(size, costs, best) for costs, best in zip(columns, chosen, strict=True)]
        yield f"| {size:,} | {' | '.join(cells)} |"


def _cell(size: int, costs: list[Cost], best: Cost) -> str:
    for cost in costs:
        if cost.memory_mb == size:
            text = f"{cost.milliseconds:.0f} ms, {cost.dollars:.2f} $"
            return f"**{text}**" if cost == best else text
    return "too small"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="What a million photos cost on Lambda.")
    parser.add_argument("--results", type=Path, default=Path("bench/results/speed.json"))
    parser.add_argument("--gb-second", type=float, default=X86_64.gb_second, help="dollars")
    parser.add_argument("--requests", type=float, default=X86_64.million_requests, help="dollars")
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text("utf-8"))
    prices = Prices(arguments.gb_second, arguments.requests)
    print(
        f"Warm extractions: milliseconds of one, dollars of a million at {prices.gb_second} $ a "
        f"GB-second and {prices.million_requests} $ a million requests (x86_64, {PRICES_OF})."
    )
    print("\n".join(write_table(results, prices)))


if __name__ == "__main__":
    main()
