"""The results of `make evaluate`: JSON for programs, a table for people."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bench.verification import OperatingPoint, Verification
from face_contract.distance import DistanceMetric


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model that made the embeddings."""

    key: str
    name: str
    identity: str
    weights_sha256: dict[str, str]
    engine: dict[str, str]
    python: str


@dataclass(frozen=True, slots=True)
class PairFacts:
    """The number of pairs in the file, and how many were used."""

    file: str
    sha256: str
    same: int
    different: int
    used_same: int
    used_different: int


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What became of the image files, which are named by their paths in the folder of images.

    `excluded` has the service's error code for each file without an embedding; its pairs were not
    used.
    """

    files: int
    embedded: int
    excluded: dict[str, str]
    several_faces: list[str]
    embedding_s: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All results, and the settings that led to them."""

    model: ModelFacts
    settings: dict[str, object]
    pairs: PairFacts
    images: ImageFacts
    metrics: dict[DistanceMetric, Verification]


def to_json(evaluation: Evaluation) -> str:
    """Returns all figures as JSON text."""
    return json.dumps(asdict(evaluation), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def to_table(evaluation: Evaluation) -> str:
    """Returns the figures as lines of text."""
    pairs, images = evaluation.pairs, evaluation.images
    lines = [
        f"model   {evaluation.model.identity}",
        f"images  {images.embedded} of {images.files} embedded, {images.embedding_s:.1f} s",
        *(f"        excluded: {file} ({code})" for file, code in images.excluded.items()),
        f"pairs   {pairs.used_same} of {pairs.same} of the same person,"
        f" {pairs.used_different} of {pairs.different} of two people",
    ]
    if images.several_faces:
        lines.append(
            f"        {len(images.several_faces)} images have several faces; the largest was taken"
        )
    lines += ["", f"{'':22}{'threshold':>10}{'accuracy':>10}{'FAR':>9}{'FRR':>9}"]
    for metric, result in evaluation.metrics.items():
        lines += _metric_lines(metric, result)
    return "\n".join(lines)


def _metric_lines(metric: str, result: Verification) -> Iterator[str]:
    yield _point_line(f"{metric:13}default", result.default)
    yield _point_line(f"{'':13}best", result.best)
    for target, point in result.frr_at_far.items():
        name = f"{'':13}FAR≤{target}"
        yield _point_line(name, point) if point else f"{name:22}{'too few pairs of two people':>38}"
    cross = result.cross_validation
    folds = (
        f"{cross.folds} folds: accuracy {cross.mean:.2%} ± {cross.std:.2%}"
        if cross
        else "too few pairs to cross-validate"
    )
    yield (
        f"{'':13}equal error rate {result.equal_error_rate:.2%},"
        f" area under curve {result.area_under_curve:.4f}"
    )
    yield f"{'':13}{folds}"


def _point_line(name: str, point: OperatingPoint) -> str:
    rates = f"{point.accuracy:>10.2%}{point.far:>9.2%}{point.frr:>9.2%}"
    return f"{name:22}{point.threshold:>10.4f}{rates}"
