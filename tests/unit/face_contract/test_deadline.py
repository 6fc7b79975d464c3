import time

import pytest

from face_contract.deadline import NEVER, Deadline
from face_contract.errors import DownloadFailed, TimedOut


def test_time_runs_out() -> None:
    deadline = Deadline(0.05)
    assert 0 < deadline.remaining_s() <= 0.05
    deadline.check()
    time.sleep(0.06)
    with pytest.raises(TimedOut):
        deadline.check()
    with pytest.raises(TimedOut):
        deadline.remaining_s()


def test_what_is_raised_can_be_chosen() -> None:
    with pytest.raises(DownloadFailed, match="late"):
        Deadline(0, lambda: DownloadFailed("late")).check()


def test_never() -> None:
    assert NEVER.remaining_s() == float("inf")


def test_an_earlier_deadline_ends_first_with_the_same_error() -> None:
    deadline = Deadline(10, lambda: DownloadFailed("late"))
    earlier = deadline.earlier(4)
    assert deadline.remaining_s() - earlier.remaining_s() == pytest.approx(4, abs=0.1)
    with pytest.raises(DownloadFailed, match="late"):
        deadline.earlier(11).check()
    assert NEVER.earlier(1).remaining_s() == float("inf")
