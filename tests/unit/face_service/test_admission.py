import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from face_contract.errors import InvalidImage, Overloaded
from face_service.admission import Slot, WorkQueue


def enter_all(queue: WorkQueue, count: int) -> list[Slot]:
    return [queue.enter().__enter__() for _ in range(count)]


def leave(slot: Slot) -> None:
    slot.__exit__(None, None, None)


def test_places_are_counted() -> None:
    queue = WorkQueue(2, 3)
    slots = enter_all(queue, 5)
    with pytest.raises(Overloaded):
        queue.enter()
    leave(slots.pop())
    with queue.enter(), pytest.raises(Overloaded):
        queue.enter()


def test_threads_never_enter_more_than_there_are_places() -> None:
    queue = WorkQueue(1, 49)
    inside, most = 0, 0
    lock = threading.Lock()

    def visit(_: int) -> None:
        nonlocal inside, most
        try:
            with queue.enter():
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1
        except Overloaded:
            pass

    with ThreadPoolExecutor(100) as threads:
        list(threads.map(visit, range(2000)))
    assert 0 < most <= 50
    assert len(enter_all(queue, 50)) == 50


def test_work_runs_in_a_thread_and_its_error_comes_back() -> None:
    def fail() -> None:
        raise InvalidImage

    async def run() -> str:
        with WorkQueue(1, 0).enter() as slot:
            name = await slot.run(lambda: threading.current_thread().name)
            with pytest.raises(InvalidImage):
                await slot.run(fail)
            return name

    assert asyncio.run(run()).startswith("work")


def test_the_place_of_work_that_was_given_up_is_free_when_it_has_ended() -> None:
    queue, end = WorkQueue(1, 0), threading.Event()

    async def run() -> None:
        with pytest.raises(TimeoutError), queue.enter() as slot:
            async with asyncio.timeout(0.05):
                await slot.run(lambda: end.wait(10))
        with pytest.raises(Overloaded):
            queue.enter()
        end.set()
        for _ in range(100):
            try:
                leave(queue.enter())
            except Overloaded:
                await asyncio.sleep(0.02)
            else:
                return
        pytest.fail("the slot is still taken")

    asyncio.run(run())


def test_work_that_has_not_begun_when_it_is_given_up_never_does() -> None:
    queue, end = WorkQueue(1, 1), threading.Event()
    begun = []

    async def run() -> None:
        with queue.enter() as first:
            working = asyncio.ensure_future(first.run(lambda: end.wait(10)))
            await asyncio.sleep(0.05)
            with pytest.raises(TimeoutError), queue.enter() as second:
                async with asyncio.timeout(0.05):
                    await second.run(lambda: begun.append(1))
            # Its slot is free at once.
            leave(queue.enter())
            end.set()
            await working

    asyncio.run(run())
    assert begun == []
