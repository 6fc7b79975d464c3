import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_contract.stages import Stage, StageTimes


def time_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def test_a_stage_that_runs_twice_adds_up() -> None:
    stages = StageTimes()

    def run() -> None:
        for _ in range(2):
            with stages.measure(Stage.DECODE):
                time.sleep(0.01)

    total_ms = time_ms(run)
    assert 20 <= stages.spent_ms[Stage.DECODE] <= total_ms
    assert set(stages.spent_ms) == {Stage.DECODE}


def test_a_stage_that_fails_is_not_counted() -> None:
    stages = StageTimes()
    with pytest.raises(ValueError, match="broken"), stages.measure(Stage.DECODE):
        raise ValueError("broken")
    assert stages.spent_ms == {}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(Stage))))
def test_only_stages_that_began_and_then_ended_are_counted(steps: list[tuple[bool, Stage]]) -> None:
    stages = StageTimes()

    def run() -> None:
        for begins, stage in steps:
            (stages.begin if begins else stages.end)(stage)

    total_ms = time_ms(run)
    ended = {
        stage
        for position, (begins, stage) in enumerate(steps)
        if not begins and (True, stage) in steps[:position]
    }
    assert set(stages.spent_ms) == ended
    assert all(0 <= spent_ms <= total_ms for spent_ms in stages.spent_ms.values())


def test_requests_do_not_share_their_times() -> None:
    first, second = StageTimes(), StageTimes()
    with first.measure(Stage.EMBED):
        pass
    assert second.spent_ms == {}


# The machine may be busy: the best of many counts.
COMPARE_WITH_BARE_CLOCK = """
import time
from face_contract.stages import Stage, StageTimes

def measure():
    stages = StageTimes()
    for stage in Stage:
        with stages.measure(stage):
            pass

def read_clock():
    for _ in Stage:
        time.perf_counter()
        time.perf_counter()

def best_s(work):
    times = []
    for _ in range(2000):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)

print(best_s(measure) / best_s(read_clock))
"""


def test_measuring_every_stage_costs_little_more_than_reading_the_clock() -> None:
    # In a process without coverage, whose tracer takes longer than what is measured.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    measured = subprocess.run(
        [sys.executable, "-c", COMPARE_WITH_BARE_CLOCK],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert 1 < float(measured.stdout) < 6
