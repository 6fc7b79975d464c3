"""One call: attempts until there is an answer, within the call's time."""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

import httpx2 as httpx

from face_embedding_client.answers import Answer, read_error
from face_embedding_client.errors import (
    AnsweredError,
    CallTimedOut,
    ConnectionFailed,
    FaceClientError,
)
from face_embedding_client.retries import RETRIED_STATUSES, RetryPolicy, read_retry_after

Result = TypeVar("Result")
# API Gateway's id, then what other gateways and services send.
REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-request-id")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Sends requests.

    Args:
        http: without timeouts of its own.
        timeout_s: time of a call, all attempts and pauses included.
        policy: when to try again.
    """

    http: httpx.AsyncClient
    timeout_s: float
    policy: RetryPolicy

    async def call(self, method: str, path: str, body: dict[str, object] | None) -> Answer:
        """Returns the successful answer to a request.

        Errors with the statuses 429, 503 and 504 are tried again, and so are connections that
        failed or broke: every call only computes something, so to repeat one is harmless, and a
        server that restarts, or that closes an idle connection just then, looks like that.

        Raises:
            AnsweredError: the last answer is an error.
            ConnectionFailed: the last attempt brought no answer.
            CallTimedOut: the call's time is over.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self.timeout_s
        attempt = 0
        try:
            # Covers resolving, connecting, sending and reading; httpx's own timeouts each cover
            # one read or write, so that a slow enough server could take for ever.
            async with asyncio.timeout_at(deadline_s):
                while True:
                    outcome = await self._try(method, path, body)
                    if isinstance(outcome, Answer):
                        return outcome
                    pause_s = self._pause_after(outcome, attempt)
                    if pause_s is None or loop.time() + pause_s >= deadline_s:
                        raise outcome
                    await asyncio.sleep(pause_s)
                    attempt += 1
        except TimeoutError:
            raise CallTimedOut(f"No answer within {self.timeout_s:g} s.") from None

    async def _try(
        self, method: str, path: str, body: dict[str, object] | None
    ) -> Answer | FaceClientError:
        try:
            answer = await self.http.request(method, path, json=body)
        except httpx.RequestError as error:
            # Its text names a cause, such as a refused connection, and no URL.
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            return ConnectionFailed(f"The service cannot be reached: {reason}.")
        request_id = next(
            (answer.headers[name] for name in REQUEST_ID_HEADERS if name in answer.headers), None
        )
        if answer.status_code == HTTPStatus.OK:
            return Answer(answer.content, request_id)
        retry_after_s = read_retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        return read_error(answer.status_code, answer.content, request_id, retry_after_s)

    def _pause_after(self, outcome: FaceClientError, attempt: int) -> float | None:
        if isinstance(outcome, AnsweredError):
            if outcome.status not in RETRIED_STATUSES:
                return None
            return self.policy.pause_s(attempt, outcome.retry_after_s)
        return self.policy.pause_s(attempt, None)


class BackgroundLoop:
    """An event loop in a thread of its own.

    Only an event loop can end an exchange at a given moment, wherever it is. In a thread of its own
    it also works for callers that have a loop, such as notebooks.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A client that was never closed must not keep the process alive.
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="face-client", daemon=True
        )
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Returns the result of a coroutine. An interrupt cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancels what other threads still run, and stops the loop and its thread."""
        self.run(_cancel_other_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_other_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
