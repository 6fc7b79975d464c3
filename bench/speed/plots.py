"""The results as plots."""

from pathlib import Path
from typing import Any

# Not pyplot, which keeps figures in global state and looks for a display.
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.speed.report import TITLES
from bench.speed.rounds import Results
from face_contract.stages import Stage

DOTS_PER_INCH = 120


def write_plots(results: Results, folder: Path) -> None:
    """Writes speed_stages.png and speed_growth.png into a folder."""
    _plot_stages(results["stages_ms"], folder / "speed_stages.png")
    _plot_growth(results["growth"], folder / "speed_growth.png")


def _plot_stages(parts: Results, path: Path) -> None:
    """Draws the median of each stage as a part of one bar per model, of equal length."""
    figure = Figure(figsize=(8, 1.5 + len(parts)), layout="constrained")
    axes = figure.subplots()
    names = [
        f"{TITLES[name]}\n{sum(part[s]['median'] for s in Stage if s in part):.0f} ms"
        for name, part in parts.items()
    ]
    lefts = [0.0] * len(parts)
    for stage in Stage:
        shares = [
            part[stage]["median"] / sum(part[s]["median"] for s in Stage if s in part)
            if stage in part
            else 0.0
            for part in parts.values()
        ]
        axes.barh(names, shares, left=lefts, label=stage)
        lefts = [left + share for left, share in zip(lefts, shares, strict=True)]
    axes.set(xlabel="share of the medians", title="Warm extraction by stage")
    axes.invert_yaxis()
    axes.legend(ncols=len(Stage) // 2 + 1, loc="upper center", bbox_to_anchor=(0.5, -0.3))
    figure.savefig(path, dpi=DOTS_PER_INCH)


def _plot_growth(growth: Results, path: Path) -> None:
    """Draws medians and quartiles against pixels, faces and clients, a line per commit."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    by_pixels, by_faces, by_clients = figure.subplots(1, 3)
    _draw(by_pixels, growth["latency_ms_by_longer_side_px"])
    by_pixels.set(xlabel="longer side, px", ylabel="ms")
    _draw(by_faces, growth["latency_ms_by_faces"])
    by_faces.set(xlabel="faces", ylabel="ms")
    throughput = {clients: part["photos_per_s"] for clients, part in growth["by_clients"].items()}
    _draw(by_clients, throughput)
    by_clients.set(xlabel="clients", ylabel="photos per second")
    figure.suptitle(f"{TITLES[growth['configuration']]}: medians and quartiles")
    figure.savefig(path, dpi=DOTS_PER_INCH)


def _draw(axes: Axes, parts: dict[str, Any]) -> None:
    sizes = [int(size) for size in parts]
    for name in ("present", "baseline"):
        summaries = [part[name] for part in parts.values() if name in part]
        if summaries:
            low, median, high = (
                [summary[key] for summary in summaries] for key in ("low", "median", "high")
            )
            axes.plot(sizes, median, "o-", label=name)
            axes.fill_between(sizes, low, high, alpha=0.2)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
