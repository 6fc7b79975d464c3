"""The results of `make load`: JSON for programs, a table and a plot for people."""

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

# Not pyplot, which keeps figures in global state and looks for a display.
from matplotlib.figure import Figure

from face_engine.processors import count_processors

DOTS_PER_INCH = 120
# Targets: the tail of each route's latency, and memory growth after the first tenth of a run.
MAX_P99_TO_P50 = 20
MAX_MEMORY_GROWTH = 0.05
# Photos in progress briefly add a third, so medians of two tenths of the run are compared.
TENTH = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: `error` if it failed, `change` if its answer differed from the quiet run's."""

    name: str
    route: str
    at_s: float
    latency_ms: float
    error: str
    change: str


@dataclass(frozen=True, slots=True)
class MemorySample:
    """The memory of the processes, in MB, after a number of answered requests."""

    answered: int
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Load:
    """A run: its parameters and samples."""

    target: str
    concurrency: int
    requests: int
    quiet: Sequence[Sample]
    samples: Sequence[Sample]
    memory: Sequence[MemorySample]


@dataclass(frozen=True, slots=True)
class RouteFigures:
    """A route's figures; `quiet_ms` is its median in the quiet run."""

    requests: int
    per_s: float
    quiet_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    p99_to_p50: float
    errors: int
    changed: int


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Median memory in the second and the last tenth of the requests, and its growth."""

    warm_mb: float
    end_mb: float
    peak_mb: float
    growth: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All figures of a run."""

    target: str
    concurrency: int
    requested: int
    answered: int
    seconds: float
    per_s: float
    errors: int
    changed: int
    failures: dict[str, int]
    routes: dict[str, RouteFigures]
    memory: MemoryFigures
    python: str
    processors: int

    @property
    def is_clean(self) -> bool:
        """Whether every request was answered without error and as in the quiet run."""
        return self.answered == self.requested and not self.errors and not self.changed

    def to_dict(self) -> dict[str, object]:
        """Returns the figures as JSON-compatible values."""
        return asdict(self)


def summarise(load: Load) -> Summary:
    """Computes the figures of a run."""
    samples = load.samples
    seconds = max(sample.at_s for sample in samples)
    quiet, under_load = _by_route(load.quiet), _by_route(samples)
    failures = Counter(
        f"{sample.name}: {sample.error or sample.change}"
        for sample in [*load.quiet, *samples]
        if sample.error or sample.change
    )
    return Summary(
        target=load.target,
        concurrency=load.concurrency,
        requested=load.requests,
        answered=len(samples),
        seconds=seconds,
        per_s=len(samples) / seconds,
        errors=sum(bool(sample.error) for sample in samples),
        # In the quiet run, too, all answers to a request must be the same.
        changed=sum(bool(sample.change) for sample in [*load.quiet, *samples]),
        failures=dict(failures.most_common()),
        routes={
            route: _route_figures(quiet[route], own, seconds) for route, own in under_load.items()
        },
        memory=_memory_figures(load),
        python=platform.python_version(),
        processors=count_processors(),
    )


def to_table(summary: Summary) -> str:
    """Returns the figures as lines of text."""
    memory = summary.memory
    lines = [
        f"{summary.target}: {summary.answered} of {summary.requested} requests at concurrency"
        f" {summary.concurrency} in {summary.seconds:.0f} s, {summary.per_s:.1f}/s;"
        f" {summary.errors} errors, {summary.changed} changed answers",
        f"memory: {memory.warm_mb:.0f} MB in the second tenth, {memory.end_mb:.0f} MB in the last"
        f" ({memory.growth:+.1%}{_mark(memory.growth >= MAX_MEMORY_GROWTH)}),"
        f" {memory.peak_mb:.0f} MB at most",
        "",
        f"{'':26}{'requests':>9}{'/s':>7}{'quiet':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8} ms"
        f"{'p99/p50':>9}{'errors':>8}{'changed':>8}",
    ]
    lines += [
        f"{route:26}{f.requests:>9}{f.per_s:>7.1f}{f.quiet_ms:>8.1f}{f.p50_ms:>8.1f}"
        f"{f.p95_ms:>8.1f}{f.p99_ms:>8.1f}{f.max_ms:>8.1f}{f.p99_to_p50:>12.1f}"
        f"{f.errors:>8}{f.changed:>8}{_mark(f.p99_to_p50 >= MAX_P99_TO_P50)}"
        for route, f in summary.routes.items()
    ]
    lines += [f"{count} x {failure}" for failure, count in summary.failures.items()]
    return "\n".join(lines)


def plot(path: Path, load: Load) -> None:
    """Draws the distribution of the routes' latencies, the throughput and the memory.

    Args:
        path: the PNG file to write.
        load: the run.
    """
    figure = Figure(figsize=(15, 5), layout="constrained")
    figure.suptitle(f"{load.target}: {len(load.samples)} requests, concurrency {load.concurrency}")
    latency, throughput, memory = figure.subplots(1, 3)
    end_s = max(sample.at_s for sample in load.samples)
    for route, samples in _by_route(load.samples).items():
        latency.ecdf([sample.latency_ms for sample in samples], label=route)
        counts, edges = np.histogram([s.at_s for s in samples], bins=30, range=(0, end_s))
        throughput.stairs(counts / np.diff(edges), edges, label=route)
    for share in (0.5, 0.95, 0.99):
        latency.axhline(share, linewidth=0.5, color="grey")
    latency.set(xscale="log", xlabel="latency (ms)", ylabel="share of requests")
    latency.legend(loc="upper left", fontsize="small")
    throughput.set(xlabel="seconds", ylabel="answers per second")
    memory.plot([m.answered for m in load.memory], [m.resident_mb for m in load.memory])
    memory.set(xlabel="requests answered", ylabel="resident memory (MB)", ylim=(0, None))
    figure.savefig(path, dpi=DOTS_PER_INCH)


def _by_route(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    routes: dict[str, list[Sample]] = {}
    for sample in samples:
        routes.setdefault(sample.route, []).append(sample)
    return dict(sorted(routes.items()))


def _route_figures(
    quiet: Sequence[Sample], samples: Sequence[Sample], seconds: float
) -> RouteFigures:
    latencies = [sample.latency_ms for sample in samples]
    p50, p95, p99 = (float(p) for p in np.percentile(latencies, (50, 95, 99)))
    return RouteFigures(
        requests=len(samples),
        per_s=len(samples) / seconds,
        quiet_ms=float(np.median([sample.latency_ms for sample in quiet])),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        max_ms=max(latencies),
        p99_to_p50=p99 / p50,
        errors=sum(bool(sample.error) for sample in samples),
        changed=sum(bool(sample.change) for sample in samples),
    )


def _memory_figures(load: Load) -> MemoryFigures:
    warm_mb, end_mb = (_median_mb(load, start) for start in (TENTH, 1 - TENTH))
    peak_mb = max(m.resident_mb for m in load.memory)
    return MemoryFigures(warm_mb, end_mb, peak_mb, growth=end_mb / warm_mb - 1)


def _median_mb(load: Load, start: float) -> float:
    """Returns the median of the tenth that begins at `start`; of all samples if it is empty."""
    first, last = load.requests * start, load.requests * (start + TENTH)
    within = [m.resident_mb for m in load.memory if first <= m.answered <= last]
    return float(np.median(within or [m.resident_mb for m in load.memory]))


def _mark(is_over: bool) -> str:
    return "  over the target" if is_over else ""
