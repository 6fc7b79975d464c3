"""How many requests may be inside at a time, for how long, and where their work is done."""

import asyncio
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
from face_contract.errors import Overloaded, TimedOut
from face_service.json_body import JsonRequest

Result = TypeVar("Result")

# Bodies that are read, or wait read, at a time; those of others wait with their senders. A body of
# 14 MB takes 40 ms of the event loop, on which health is answered, and 40 MB or more.
MAX_BODIES = 16


class WorkQueue:
    """A few threads and a bounded line before them; a request holds a place from first to last.

    The place of a request that is given up is free when its work has ended, and not before:
    a thread cannot be stopped.
    """

    def __init__(self, threads: int, most_waiting: int) -> None:
        """Starts nothing: a thread starts when there is work for it.

        Args:
            threads: how many pieces of work run at a time.
            most_waiting: how many requests may be inside beyond those.
        """
        self._threads = ThreadPoolExecutor(threads, "work")
        self._most = threads + most_waiting
        self._taken = 0
        self._lock = Lock()

    def enter(self) -> "Place":
        """Returns a place, to be used as a context manager.

        Raises:
            Overloaded: all are taken.
        """
        with self._lock:
            if self._taken >= self._most:
                raise Overloaded
            self._taken += 1
        return Place(self._threads, self._leave)

    def _leave(self, _: object) -> None:
        with self._lock:
            self._taken -= 1


class Place:
    """One request's place in a `WorkQueue`."""

    def __init__(self, threads: ThreadPoolExecutor, leave: Callable[[object], None]) -> None:
        self._threads = threads
        self._leave = leave
        self._work: Future[Any] | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Runs blocking work in a thread, when it is its turn."""
        self._work = self._threads.submit(work)
        try:
            # When this is cancelled, work that has not begun never does.
            return await asyncio.wrap_future(self._work)
        finally:
            # It holds the error that it raised, which holds all frames with the photo in them, and
            # this: a cycle would keep tens of megabytes until the next garbage collection.
            if self._work.done():
                self._work = None

    def __enter__(self) -> "Place":
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


class Turn:
    """What a route of `bounded_router` gets: a place to work in, until when, and its body."""

    def __init__(self, place: Place, deadline: Deadline, bodies: asyncio.Semaphore) -> None:
        self.deadline = deadline
        self._place = place
        self._bodies = bodies
        self._has_body = False

    async def run(self, work: Callable[[], Result]) -> Result:
        """Runs blocking work in a thread, when it is its turn."""
        return await self._place.run(work)

    async def take_body(self) -> None:
        """Waits until a body may be read."""
        await self._bodies.acquire()
        self._has_body = True

    def leave_body(self) -> None:
        """Lets another request send its body: this one's is small, or done with."""
        if self._has_body:
            self._has_body = False
            self._bodies.release()


async def _turn_of(request: Request) -> Turn:
    turn: Turn = request.state.turn
    return turn


CurrentTurn: TypeAlias = Annotated[Turn, Depends(_turn_of)]


def bounded_router(queue: WorkQueue, budget_s: float) -> APIRouter:
    """Builds a router whose requests enter `queue` before their bodies are read.

    Args:
        queue: refuses requests when it is full.
        budget_s: seconds from a request's headers to its answer; then TimedOut is raised for it,
            whatever its body or its work are waiting for.
    """
    bodies = asyncio.Semaphore(MAX_BODIES)

    class BoundedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def answer_in_time(request: Request) -> Response:
                with queue.enter() as place:
                    turn = request.state.turn = Turn(place, Deadline(budget_s), bodies)
                    try:
                        async with asyncio.timeout(budget_s) as budget:
                            await turn.take_body()
                            return await answer(JsonRequest(request.scope, request.receive))
                    except TimeoutError:
                        if budget.expired():
                            raise TimedOut from None
                        raise
                    finally:
                        turn.leave_body()

            return answer_in_time

    return APIRouter(route_class=BoundedRoute)
