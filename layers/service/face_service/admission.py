"""A thread pool with a bounded queue, and a router that admits requests to it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from types import TracebackType
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from face_contract.deadline import Deadline
from face_contract.errors import ErrorCode, Overloaded, TimedOut
from face_contract.stages import Stage, StageTimes
from face_service.json_body import JsonRequest

Result = TypeVar("Result")

# Bodies in memory at a time; further clients wait before sending theirs. A body of 14 MB takes at
# least 40 MB, and blocks the event loop, which also answers health checks, for 40 ms.
MAX_BODIES = 16


class WorkQueue:
    """A thread pool with a bounded queue. A request holds one slot until it is answered.

    A thread cannot be stopped, so the slot of an abandoned request stays taken until its work ends.
    """

    def __init__(self, threads: int, max_waiting: int) -> None:
        """Creates the queue. Threads start when there is work for them.

        Args:
            threads: how many requests are worked on at a time.
            max_waiting: how many more may hold a slot and wait.
        """
        self._threads = ThreadPoolExecutor(threads, "work")
        self._max = threads + max_waiting
        self._taken = 0
        self._lock = Lock()

    def enter(self) -> "Slot":
        """Returns a slot, to be used as a context manager.

        Raises:
            Overloaded: all slots are taken.
        """
        with self._lock:
            if self._taken >= self._max:
                raise Overloaded
            self._taken += 1
        return Slot(self._threads, self._leave)

    def _leave(self, _: object) -> None:
        with self._lock:
            self._taken -= 1


class Slot:
    """One request's slot in a `WorkQueue`."""

    def __init__(self, threads: ThreadPoolExecutor, leave: Callable[[object], None]) -> None:
        self._threads = threads
        self._leave = leave
        self._work: Future[Any] | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Runs blocking work in the pool, as soon as a thread is free."""
        self._work = self._threads.submit(work)
        try:
            # If this is cancelled, work that has not started never will.
            return await asyncio.wrap_future(self._work)
        finally:
            # A failed future holds its exception, whose frames hold the photo and this slot. The
            # cycle would keep tens of megabytes alive until the next garbage collection.
            if self._work.done():
                self._work = None

    def __enter__(self) -> "Slot":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._work is None:
            self._leave(None)
        else:
            self._work.add_done_callback(self._leave)


class Admission:
    """An admitted request: its slot, its deadline, its measurements and its permit to send a body.

    Attributes:
        photo_errors: errors in the places of photos, by code, to be counted by the route.
    """

    def __init__(
        self,
        slot: Slot,
        deadline: Deadline,
        stages: StageTimes,
        photo_errors: Counter[ErrorCode],
        bodies: asyncio.Semaphore,
    ) -> None:
        self.deadline = deadline
        self.stages = stages
        self.photo_errors = photo_errors
        self._slot = slot
        self._bodies = bodies
        self._has_body = False

    async def run(self, work: Callable[[], Result]) -> Result:
        """Runs blocking work in the pool, as soon as a thread is free."""
        self.stages.begin(Stage.WAIT)

        def start() -> Result:
            self.stages.end(Stage.WAIT)
            return work()

        return await self._slot.run(start)

    async def take_body(self) -> None:
        """Waits until this request's body may be read."""
        with self.stages.measure(Stage.WAIT):
            await self._bodies.acquire()
        self._has_body = True

    def release_body(self) -> None:
        """Lets another request send its body, because this one's is small or no longer needed."""
        if self._has_body:
            self._has_body = False
            self._bodies.release()


async def _admission_of(request: Request) -> Admission:
    admission: Admission = request.state.admission
    return admission


def _measurements_of(request: Request) -> tuple[StageTimes, Counter[ErrorCode]]:
    """Returns what the Lambda entry will report; new ones on the local server."""
    stages: StageTimes | None = getattr(request.state, "stages", None)
    photo_errors: Counter[ErrorCode] | None = getattr(request.state, "photo_errors", None)
    return (
        StageTimes() if stages is None else stages,
        Counter() if photo_errors is None else photo_errors,
    )


CurrentAdmission: TypeAlias = Annotated[Admission, Depends(_admission_of)]


def bounded_router(queue: WorkQueue, budget_s: float) -> APIRouter:
    """Builds a router whose requests enter `queue` before their bodies are read.

    Args:
        queue: refuses requests when it is full.
        budget_s: seconds from a request's headers to its answer, including the time to read its
            body and to wait for a thread. After that, TimedOut is raised.
    """
    bodies = asyncio.Semaphore(MAX_BODIES)

    class BoundedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def answer_in_time(request: Request) -> Response:
                with queue.enter() as slot:
                    stages, photo_errors = _measurements_of(request)
                    admission = request.state.admission = Admission(
                        slot, Deadline(budget_s), stages, photo_errors, bodies
                    )
                    try:
                        async with asyncio.timeout(budget_s) as budget:
                            await admission.take_body()
                            response = await answer(
                                JsonRequest(request.scope, request.receive, stages)
                            )
                            stages.end(Stage.SERIALISE)
                            return response
                    except TimeoutError:
                        if budget.expired():
                            raise TimedOut from None
                        raise
                    finally:
                        admission.release_body()

            return answer_in_time

    return APIRouter(route_class=BoundedRoute)
