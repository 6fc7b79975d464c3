"""The figures, against what pencil and paper say."""

import math

import numpy as np
import pytest

from bench.verification import (
    Distances,
    Labels,
    OperatingPoint,
    assign_folds,
    cross_validate,
    find_best_threshold,
    find_equal_error_rate,
    find_far,
    measure,
    trace_curve,
    verify,
)


def arrays(same: list[float], different: list[float]) -> tuple[Distances, Labels]:
    return np.array(same + different), np.array([True] * len(same) + [False] * len(different))


SAME, DIFFERENT = [0.1, 0.2, 0.3, 0.6], [0.4, 0.5, 0.7, 0.8]


@pytest.mark.parametrize(
    ("threshold", "accuracy", "far", "frr"),
    [
        (0.35, 7 / 8, 0, 1 / 4),
        (0.45, 6 / 8, 1 / 4, 1 / 4),
        (0.65, 6 / 8, 2 / 4, 0),
        # Below, not at: 0.3 is not accepted at 0.3.
        (0.3, 6 / 8, 0, 2 / 4),
        (0.05, 4 / 8, 0, 1),
        (0.9, 4 / 8, 1, 0),
    ],
)
def test_a_threshold_accepts_what_is_below_it(
    threshold: float, accuracy: float, far: float, frr: float
) -> None:
    point = measure(*arrays(SAME, DIFFERENT), threshold)
    assert point == OperatingPoint(threshold, accuracy, far, frr)


def test_all_figures_of_eight_pairs() -> None:
    distances, same = arrays(SAME, DIFFERENT)
    result = verify(distances, same, assign_folds(same), default=0.45)
    assert result.default == OperatingPoint(0.45, 0.75, 0.25, 0.25)
    assert result.best.threshold == pytest.approx(0.35)
    assert result.best.accuracy == 7 / 8
    assert result.equal_error_rate == 0.25
    # Of 16 couples of a pair of each kind, 14 are in the right order.
    assert result.area_under_curve == pytest.approx(14 / 16)
    assert result.cross_validation is None
    assert result.frr_at_far == {"0.01": None, "0.001": None}


def test_the_curve_goes_from_none_to_all() -> None:
    curve = trace_curve(*arrays([1.0, 2.0], [2.0, 3.0]))
    assert curve.thresholds.tolist() == [1, 2, 3, math.nextafter(3, math.inf)]
    assert curve.far.tolist() == [0, 0, 0.5, 1]
    assert curve.frr.tolist() == [1, 0.5, 0, 0]


@pytest.mark.parametrize(
    ("same", "different", "threshold"),
    [
        # The middle of the interval.
        ([1.0], [2.0], 1.5),
        # Three of four are right in (0.1, 0.2] and in (0.5, 0.9]: the wider one.
        ([0.1, 0.5], [0.2, 0.9], 0.7),
        # Both equally wide: the lower one.
        ([1.0, 3.0], [2.0, 4.0], 1.5),
        # Accept none.
        ([0.9], [0.1, 0.2], 0.1),
        # Accept all.
        ([0.5, 0.6], [0.1], math.nextafter(0.6, 1)),
        # To accept none would need a threshold of 0.
        ([0.5], [0.0, 0.0], math.nextafter(0.5, 1)),
        # No number lies in between.
        ([0.3], [math.nextafter(0.3, 1)], math.nextafter(0.3, 1)),
    ],
)
def test_the_best_threshold(same: list[float], different: list[float], threshold: float) -> None:
    assert find_best_threshold(*arrays(same, different)) == pytest.approx(threshold, abs=1e-15)


def test_the_equal_error_rate_lies_between_two_steps() -> None:
    # At 0.3: FAR 1/2, FRR 2/3; at 0.4: FAR 1/2, FRR 1/3.
    curve = trace_curve(*arrays([0.1, 0.3, 0.4], [0.2, 0.5]))
    assert find_equal_error_rate(curve) == pytest.approx(1 / 2)


@pytest.mark.parametrize(("same", "different", "rate"), [([1.0], [2.0], 0), ([2.0], [1.0], 1)])
def test_the_equal_error_rate_of_the_perfect_and_of_the_worst(
    same: list[float], different: list[float], rate: float
) -> None:
    assert find_equal_error_rate(trace_curve(*arrays(same, different))) == rate


def test_frr_at_far() -> None:
    distances, same = arrays([0.5] * 2 + [2.5] + [10.0], [float(n) for n in range(1, 201)])
    # Two of 200 may be accepted: those at 1 and 2, at any threshold up to 3.
    assert find_far(distances, same, 1e-2) == OperatingPoint(3, (198 + 3) / 204, 0.01, 0.25)
    assert find_far(distances, same, 1e-3) is None
    enough, labels = arrays([0.5], [float(n) for n in range(1, 1001)])
    point = find_far(enough, labels, 1e-3)
    assert point is not None
    assert (point.threshold, point.far, point.frr) == (2, 0.001, 0)


def test_of_equal_distances_all_or_none_are_accepted() -> None:
    point = find_far(*arrays([0.5], [1.0] * 100), 1e-2)
    assert point is not None
    assert (point.threshold, point.far) == (1, 0)


def test_a_file_in_lfw_order_gets_its_folds() -> None:
    same = np.array(([True] * 3 + [False] * 3) * 10)
    assert assign_folds(same).tolist() == [fold for fold in range(10) for _ in range(6)]


def test_cross_validation_chooses_on_other_pairs() -> None:
    # Threshold 0.5 everywhere; in the last fold one pair of four is on the wrong side.
    distances, same = arrays([0.2] * 20, [0.8] * 19 + [0.1])
    result = cross_validate(distances, same, assign_folds(same))
    assert result is not None
    assert result.folds == 10
    assert result.mean == pytest.approx(0.975)
    # Nine times 1 and once 0.75: (9 × 0.025² + 0.225²) / 9 = 0.00625.
    assert result.std == pytest.approx(math.sqrt(0.00625))


def test_nine_pairs_of_a_kind_are_too_few_for_ten_folds() -> None:
    distances, same = arrays([0.2] * 9, [0.8] * 50)
    assert cross_validate(distances, same, assign_folds(same)) is None
