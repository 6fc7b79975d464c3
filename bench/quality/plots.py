"""The plot of `make quality` as a PNG file."""

from pathlib import Path

# Not pyplot, which keeps figures in global state and looks for a display.
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from bench.plots import DOTS_PER_INCH
from bench.quality.steps import THRESHOLD, Step


def plot_steps(path: Path, results: dict[str, list[Step]]) -> None:
    """Draws all distances against the size of the shrunk and the sharpness of the blurred faces.

    Args:
        path: the PNG file to write.
        results: the steps by kind: "shrunk" and "blurred".
    """
    figure = Figure(figsize=(12, 5), layout="constrained")
    for axes, (kind, measure) in zip(
        figure.subplots(1, 2), (("shrunk", "face_px"), ("blurred", "sharpness")), strict=True
    ):
        for label, marker, name in (("same person", "o", "same"), ("strangers", "x", "different")):
            places = [
                (getattr(step, measure), distance)
                for step in results[kind]
                for distance in getattr(step, name)
            ]
            axes.plot(*zip(*places, strict=True), marker, alpha=0.6, label=label)
        axes.axhline(THRESHOLD, color="black", linewidth=0.8, label=f"threshold {THRESHOLD}")
        axes.set(xscale="log", xlabel=f"{measure}, median", ylabel="cosine distance", title=kind)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=DOTS_PER_INCH)
