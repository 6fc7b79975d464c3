"""The plots of `make evaluate` as PNG files."""

from pathlib import Path

import numpy as np

# Not pyplot, which keeps figures in global state and looks for a display.
from matplotlib.figure import Figure

from bench.verification import Distances, Labels, Verification, trace_curve
from face_contract.distance import DistanceMetric

BINS = 50
DOTS_PER_INCH = 120
# Several metrics often have the same curve.
LINE_STYLES = ("-", "--", ":")


def plot_roc(
    path: Path,
    title: str,
    distances: dict[DistanceMetric, Distances],
    same: Labels,
    results: dict[DistanceMetric, Verification],
) -> None:
    """Draws the ROC curve: 1 − FRR against FAR, one line per metric.

    Args:
        path: the PNG file to write.
        title: above the plot.
        distances: (n,) by metric.
        same: (n,) whether a pair shows one person.
        results: by metric; default thresholds are marked.
    """
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    for style, (metric, values) in zip(LINE_STYLES, distances.items(), strict=True):
        curve, result = trace_curve(values, same), results[metric]
        label = f"{metric}: EER {result.equal_error_rate:.2%}, AUC {result.area_under_curve:.4f}"
        (line,) = axes.plot(curve.far, 1 - curve.frr, style, label=label)
        default = result.default
        axes.plot(default.far, 1 - default.frr, "o", color=line.get_color(), fillstyle="none")
    axes.plot([0, 1], [1, 0], linewidth=0.5, color="grey", label="equal error; ○ default threshold")
    axes.set(xlabel="FAR", ylabel="1 − FRR", title=title, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_aspect("equal")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=DOTS_PER_INCH)


def plot_distances(
    path: Path,
    title: str,
    distances: dict[DistanceMetric, Distances],
    same: Labels,
    results: dict[DistanceMetric, Verification],
) -> None:
    """Draws the distributions of the distances, for pairs of one person and pairs of two people.

    Args:
        path: the PNG file to write.
        title: above the plots.
        distances: (n,) by metric.
        same: (n,) whether a pair shows one person.
        results: by metric; default and best thresholds are drawn as lines.
    """
    figure = Figure(figsize=(5 * len(distances), 4), layout="constrained")
    figure.suptitle(title)
    for axes, (metric, values) in zip(
        np.atleast_1d(figure.subplots(1, len(distances))), distances.items(), strict=True
    ):
        bins = np.linspace(0, max(float(values.max()), results[metric].default.threshold), BINS + 1)
        for label, kind in (("same person", same), ("two people", ~same)):
            axes.hist(
                values[kind],
                bins=bins,
                weights=np.full(kind.sum(), 1 / kind.sum()),
                alpha=0.6,
                label=f"{label} ({kind.sum()})",
            )
        best, default = results[metric].best.threshold, results[metric].default.threshold
        axes.axvline(default, color="black", label=f"default {default:.4g}")
        axes.axvline(best, color="black", linestyle="--", label=f"best {best:.4g}")
        axes.set(xlabel=f"{metric} distance", ylabel="share of its kind")
        axes.legend()
    figure.savefig(path, dpi=DOTS_PER_INCH)
