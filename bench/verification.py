"""Measures how well a distance separates pairs of one person from pairs of two people.

A pair is accepted as the same person when its distance is **below** the threshold, as in
`face_contract.distance.compare`. FAR is the share of two people's pairs that are accepted, FRR the
share of one person's pairs that are rejected, accuracy the share of all pairs that are classified
correctly.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Distances: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.bool_]

FOLDS = 10
FAR_TARGETS = (1e-2, 1e-3)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The error rates at one threshold."""

    threshold: float
    accuracy: float
    far: float
    frr: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The accuracy on each fold at the best threshold of the other folds: mean and sample std."""

    mean: float
    std: float
    folds: int


@dataclass(frozen=True, slots=True)
class Curve:
    """FAR and FRR at each distinct threshold, (n,) each, in ascending order."""

    thresholds: Distances
    far: Distances
    frr: Distances


@dataclass(frozen=True, slots=True)
class Verification:
    """All figures of one metric. None where there are too few pairs.

    `frr_at_far` is taken at the highest threshold whose FAR is not above the target. It needs at
    least 1 / target pairs of two people, so that one accepted pair reaches the target.
    """

    default: OperatingPoint
    best: OperatingPoint
    equal_error_rate: float
    area_under_curve: float
    cross_validation: CrossValidation | None
    frr_at_far: dict[str, OperatingPoint | None]


def verify(
    distances: Distances, same: Labels, folds: NDArray[np.intp], default: float
) -> Verification:
    """Computes all figures.

    Args:
        distances: (n,) of the pairs, ≥ 0.
        same: (n,) whether a pair shows one person; both kinds are required.
        folds: (n,) from `assign_folds`.
        default: the published threshold.
    """
    curve = trace_curve(distances, same)
    best = find_best_threshold(distances, same)
    return Verification(
        default=measure(distances, same, default),
        best=measure(distances, same, best),
        equal_error_rate=find_equal_error_rate(curve),
        area_under_curve=float(np.trapezoid(1 - curve.frr, curve.far)),
        cross_validation=cross_validate(distances, same, folds),
        frr_at_far={str(target): find_far(distances, same, target) for target in FAR_TARGETS},
    )


def measure(distances: Distances, same: Labels, threshold: float) -> OperatingPoint:
    """Returns the rates at a threshold."""
    accepted = distances < threshold
    return OperatingPoint(
        threshold=threshold,
        accuracy=float(np.mean(accepted == same)),
        far=float(np.mean(accepted[~same])),
        frr=float(np.mean(~accepted[same])),
    )


def trace_curve(distances: Distances, same: Labels) -> Curve:
    """Returns FAR and FRR at all thresholds from "accept none" to "accept all"."""
    values = np.unique(distances)
    # At each distance, and just above the last one: between them, nothing changes.
    thresholds = np.append(values, np.nextafter(values[-1], np.inf))
    genuine, impostor = np.sort(distances[same]), np.sort(distances[~same])
    return Curve(
        thresholds=thresholds,
        far=np.searchsorted(impostor, thresholds, "left") / len(impostor),
        frr=1 - np.searchsorted(genuine, thresholds, "left") / len(genuine),
    )


def find_best_threshold(distances: Distances, same: Labels) -> float:
    """Returns the threshold with the highest accuracy.

    All thresholds between two neighbouring distances are equally good, so the middle is used. Of
    several best intervals, the widest is used, and the lowest of equally wide ones. If it is best
    to accept none, the result is the lowest distance; if all, just above the highest.
    """
    values, counts = np.unique(distances, return_counts=True)
    genuine = np.bincount(np.searchsorted(values, distances[same]), minlength=len(values))
    # gains[i]: pairs classified correctly if the i lowest distances are accepted, less a constant.
    gains = np.concatenate(([0], np.cumsum(2 * genuine - counts)))
    below = np.concatenate(([values[0]], values))
    above = np.concatenate((values, [values[-1]]))
    middles = below + (above - below) / 2
    thresholds = np.where(middles > below, middles, above)
    thresholds[-1] = np.nextafter(values[-1], np.inf)
    # A threshold must be above 0, but a distance may be 0.
    gains = np.where(thresholds > 0, gains, -len(distances) - 1)
    tied = np.flatnonzero(gains == gains.max())
    return float(thresholds[tied[np.argmax((above - below)[tied])]])


def find_equal_error_rate(curve: Curve) -> float:
    """Returns the rate at which FAR equals FRR, interpolated linearly between their steps."""
    excess = curve.far - curve.frr
    after = int(np.argmax(excess >= 0))
    before = after - 1
    share = -excess[before] / (excess[after] - excess[before])
    return float(curve.far[before] + share * (curve.far[after] - curve.far[before]))


def find_far(distances: Distances, same: Labels, target: float) -> OperatingPoint | None:
    """Returns the highest threshold whose FAR is at most `target`; None if pairs are too few."""
    impostor = np.sort(distances[~same])
    # Rounded up slightly, because 1 / 0.001 may not be exactly 1000.
    allowed = math.floor(len(impostor) * target + 1e-9)
    return measure(distances, same, float(impostor[allowed])) if allowed else None


def assign_folds(same: Labels) -> NDArray[np.intp]:
    """Assigns the pairs of each kind, in order, to `FOLDS` consecutive folds of equal size.

    For a file in the order of LFW's view 2 these are LFW's own folds, which share no people.
    """
    folds = np.zeros(len(same), np.intp)
    for kind in (same, ~same):
        for fold, indices in enumerate(np.array_split(np.flatnonzero(kind), FOLDS)):
            folds[indices] = fold
    return folds


def cross_validate(
    distances: Distances, same: Labels, folds: NDArray[np.intp]
) -> CrossValidation | None:
    """Returns the accuracy at thresholds chosen on other pairs; None if a fold lacks one kind."""
    accuracies = []
    for fold in range(FOLDS):
        tested = folds == fold
        if len(np.unique(same[tested])) != len((True, False)):
            return None
        threshold = find_best_threshold(distances[~tested], same[~tested])
        accuracies.append(measure(distances[tested], same[tested], threshold).accuracy)
    return CrossValidation(float(np.mean(accuracies)), float(np.std(accuracies, ddof=1)), FOLDS)
