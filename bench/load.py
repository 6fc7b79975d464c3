"""Sends a mixed load to the service and compares each answer with that of a quiet run.

python -m bench.load --target local --requests 10000 --concurrency 16

In the quiet run each distinct request is sent alone. Under load its answer must be identical to the
last digit, except for the measured times in it. Exits with status 1 if an answer differs or a
request fails.
"""

import argparse
import http.client
import json
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bench.load_report import Load, MemorySample, Sample, plot, summarise, to_table
from bench.load_targets import Target, run_local, run_pool
from bench.workload import Request, build_requests, draw, serve_photos
from tools.signals import end_on_signals

RESULTS = Path("bench/results")
QUIET_REPEATS = 3
SAMPLE_EVERY_S = 0.2
# Longer than the service's own deadline, so that the service times out first.
ANSWER_TIMEOUT_S = 60
# Responses of a gateway; the load never sends more requests at once than there are environments.
BUSY = http.HTTPStatus.TOO_MANY_REQUESTS
# Measured times in an answer.
TIMES = ("processing_time_ms", "load_time_seconds")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the JSON body without measured times."""

    status: int
    content: object


class Client:
    """One persistent connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def send(self, request: Request) -> tuple[Answer | None, str, float]:
        """Returns the answer, or why there is none, and the milliseconds until it was read."""
        start = time.perf_counter()
        try:
            headers = {"Content-Type": "application/json"}
            self._connection.request(request.method, request.path, request.body, headers)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return None, repr(error), (time.perf_counter() - start) * 1000
        latency_ms = (time.perf_counter() - start) * 1000
        if response.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or response.status == BUSY:
            return None, f"status {response.status}", latency_ms
        try:
            return read_answer(response.status, body), "", latency_ms
        except ValueError:
            return None, f"{response.status} without JSON", latency_ms


def read_answer(status: int, body: bytes) -> Answer:
    """Returns the parts of an answer that must not change.

    Raises:
        ValueError: the body is not JSON.
    """
    content = json.loads(body)
    if isinstance(content, dict):
        content = {key: value for key, value in content.items() if key not in TIMES}
    return Answer(status, content)


def find_change(quiet: Answer, answer: Answer) -> str:
    """Returns how an answer differs from that of the quiet run; "" if it is identical."""
    if answer.status != quiet.status:
        return f"status {answer.status}, not {quiet.status}"
    if answer.content == quiet.content:
        return ""
    if not isinstance(answer.content, dict) or not isinstance(quiet.content, dict):
        return "another body"
    keys = sorted(quiet.content.keys() | answer.content.keys())
    missing = object()
    changed = [
        key for key in keys if quiet.content.get(key, missing) != answer.content.get(key, missing)
    ]
    return f"another {', '.join(changed)}"


def run_quiet(port: int, requests: Sequence[Request]) -> tuple[dict[str, Answer], list[Sample]]:
    """Sends each request alone, several times; returns its first answer and a sample for each time.

    Raises:
        RuntimeError: a request has another status than expected.
    """
    answers, samples = dict[str, Answer](), list[Sample]()
    with closing(Client(port)) as client:
        for request in requests:
            for _ in range(QUIET_REPEATS):
                answer, error, latency_ms = client.send(request)
                if answer is None or answer.status != request.status:
                    told = error if answer is None else answer
                    raise RuntimeError(f"{request.name}: {request.status} expected, not {told}")
                change = find_change(answers.setdefault(request.name, answer), answer)
                samples.append(Sample(request.name, request.route, 0, latency_ms, "", change))
    return answers, samples


def run_load(
    target: Target,
    requests: Sequence[Request],
    quiet: dict[str, Answer],
    concurrency: int,
    limit_s: float,
) -> tuple[list[Sample], list[MemorySample]]:
    """Sends requests, `concurrency` at a time, until all are answered or the time is up."""
    samples: list[Sample] = []
    memory: list[MemorySample] = []
    queue, lock, stop = iter(requests), threading.Lock(), threading.Event()
    start = time.perf_counter()

    def work() -> None:
        with closing(Client(target.port)) as client:
            while not stop.is_set():
                with lock:
                    request = next(queue, None)
                if request is None:
                    return
                answer, error, latency_ms = client.send(request)
                at_s = time.perf_counter() - start
                change = find_change(quiet[request.name], answer) if answer else ""
                samples.append(Sample(request.name, request.route, at_s, latency_ms, error, change))

    with (
        ThreadPoolExecutor(concurrency) as threads,
        tqdm(total=len(requests), unit="request", disable=None) as progress,
    ):
        workers = [threads.submit(work) for _ in range(concurrency)]
        try:
            running = set(workers)
            while running and time.perf_counter() - start < limit_s:
                running = wait(running, SAMPLE_EVERY_S).not_done
                memory.append(MemorySample(len(samples), target.resident_mb()))
                progress.update(len(samples) - progress.n)
        finally:
            stop.set()
    for worker in workers:
        worker.result()
    return samples, memory


def main() -> None:
    """Prints the figures, and writes them and their plot to `bench/results`."""
    parser = argparse.ArgumentParser(
        description="Compares answers under load with those of a quiet run."
    )
    parser.add_argument("--target", choices=("local", "pool"), required=True)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=600, help="stop sending after this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    end_on_signals()
    with ExitStack() as stack:
        photo_host = stack.enter_context(serve_photos())
        requests = build_requests(f"http://{photo_host}")
        runner = (
            run_local(photo_host)
            if arguments.target == "local"
            else run_pool(photo_host, arguments.concurrency)
        )
        target = stack.enter_context(runner)
        quiet, quiet_samples = run_quiet(target.port, requests)
        mix = draw(requests, arguments.requests, arguments.seed)
        samples, memory = run_load(target, mix, quiet, arguments.concurrency, arguments.seconds)
    load = Load(arguments.target, arguments.concurrency, len(mix), quiet_samples, samples, memory)
    summary = summarise(load)
    arguments.out.mkdir(parents=True, exist_ok=True)
    figures = json.dumps({"seed": arguments.seed, **summary.to_dict()}, indent=2)
    (arguments.out / f"load_{arguments.target}.json").write_text(figures + "\n")
    plot(arguments.out / f"load_{arguments.target}.png", load)
    print(to_table(summary))
    sys.exit(not summary.is_clean)


if __name__ == "__main__":
    main()
