"""Arguments and options that several commands share."""

import math
from typing import Annotated, Literal, TypeAlias

import typer


def _check_threshold(value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:
        raise typer.BadParameter("it must be a number above 0.")
    return value


PhotoName: TypeAlias = Annotated[str, typer.Argument(metavar="PHOTO", help="A file or a URL.")]
Url: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Address of a service. Without it, this process works."),
]
ApiKey: TypeAlias = Annotated[
    str | None,
    typer.Option(envvar="FACE_API_KEY", show_default=False, help="The service's API key."),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs, with all numbers.")
]
Threshold: TypeAlias = Annotated[
    float | None,
    typer.Option(
        callback=_check_threshold,
        help="Distances below it mean the same person. Default: the metric's, for cosine 0.68.",
    ),
]
MetricName: TypeAlias = Annotated[
    Literal["cosine", "euclidean", "euclidean_l2"], typer.Option(help="How to measure distances.")
]
Largest: TypeAlias = Annotated[
    bool, typer.Option("--largest", help="Take the largest face of a photo that shows several.")
]
