"""Cold starts on Lambda's own runtime: from the start of the process to the first answer.

Run by `make bench`. It measures an emulator on a warm page cache, a lower bound for Lambda, which
also fetches the image and starts a sandbox. The import of FastAPI is timed separately: it is the
largest part, and shows how fast the machine is.
"""

import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tools.lambda_pool import start_environment

RUNS = 5
RESULTS = Path("bench/results/cold_start.json")
EVENTS = {
    "extract": Path("events/extract/extract-embedding-v1.json"),
    "compare": Path("events/compare/compare-faces-v1.json"),
}


def cold_start_s(function: str) -> float:
    """Returns the seconds from the start of a new environment to its first answer."""
    event = EVENTS[function].read_bytes()
    start = time.perf_counter()
    environment = start_environment(function)
    try:
        answer = environment.invoke(event)
        seconds = time.perf_counter() - start
    finally:
        environment.stop()
    if answer.failed or answer.json()["statusCode"] != 200:  # noqa: PLR2004
        raise RuntimeError(answer.payload.decode())
    return seconds


def fastapi_import_s() -> float:
    """Returns the seconds that a new Python process takes to import FastAPI."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi"], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Prints the medians, and writes all runs to `bench/results`."""
    for function in EVENTS:
        cold_start_s(function)
    runs: dict[str, list[float]] = {"extract": [], "compare": [], "import fastapi": []}
    for _ in range(RUNS):
        for function in EVENTS:
            runs[function].append(cold_start_s(function))
        runs["import fastapi"].append(fastapi_import_s())
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"python": platform.python_version(), "runs_s": runs}, indent=2))
    for name, seconds in runs.items():
        median, least, most = statistics.median(seconds), min(seconds), max(seconds)
        print(f"{name:15} {median:5.2f} s  ({least:.2f} to {most:.2f}, {RUNS} runs)")


if __name__ == "__main__":
    main()
