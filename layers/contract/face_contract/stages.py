"""Measures how long the stages of a request take."""

import time
from enum import StrEnum
from types import TracebackType


class Stage(StrEnum):
    """A stage of an extraction, in the order in which they run."""

    # Wait for permission to send a body, then for a free thread.
    WAIT = "wait"
    # JSON, then its schema.
    PARSE = "parse"
    # Instead of base64 if the image is a URL.
    DOWNLOAD = "download"
    BASE64 = "base64"
    DECODE = "decode"
    DETECT = "detect"
    ALIGN = "align"
    EMBED = "embed"
    SERIALISE = "serialise"


class StageTimes:
    """The time that one request spent in each stage.

    It belongs to one request, whose stages run one after another, if in several threads; only the
    downloads of a request with many photos run beside the others. A stage that runs again adds to
    its time; one that fails is not counted.
    """

    __slots__ = ("_begun_s", "_spent_ms")

    def __init__(self) -> None:
        self._begun_s: dict[Stage, float] = {}
        self._spent_ms: dict[Stage, float] = {}

    def begin(self, stage: Stage) -> None:
        """Starts a stage's clock. For stages that end in another function; others use `measure`."""
        self._begun_s[stage] = time.perf_counter()

    def end(self, stage: Stage) -> None:
        """Adds the time since `begin` to a stage; does nothing if the stage has not begun."""
        begun_s = self._begun_s.pop(stage, None)
        if begun_s is not None:
            spent_ms = (time.perf_counter() - begun_s) * 1000
            self._spent_ms[stage] = self._spent_ms.get(stage, 0.0) + spent_ms

    def measure(self, stage: Stage) -> "StageMeasurement":
        """Returns a context manager that measures its block as a stage, unless the block raises."""
        return StageMeasurement(self, stage)

    @property
    def spent_ms(self) -> dict[Stage, float]:
        """Milliseconds by stage, for those stages that have ended."""
        # A copy, because the thread of a request that timed out may still add to it.
        return self._spent_ms.copy()


class StageMeasurement:
    """Measures its block. A class, because `contextlib.contextmanager` takes twice as long."""

    __slots__ = ("_stage", "_times")

    def __init__(self, times: StageTimes, stage: Stage) -> None:
        self._times = times
        self._stage = stage

    def __enter__(self) -> None:
        self._times.begin(self._stage)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._times.end(self._stage)
