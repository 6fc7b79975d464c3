"""Measures the speed and memory of the service: python -m bench.speed.

With --baseline, a commit is measured in the same run, in alternation with the present files. The
results go to bench/results: speed.json, speed.md and plots.
"""

import argparse
import json
import time
from dataclasses import asdict, is_dataclass
from pathlib import Path

from bench.speed.cold_start import measure_cold_starts, measure_phases
from bench.speed.floor import measure_floor
from bench.speed.growth import measure_growth
from bench.speed.peers import measure_peers
from bench.speed.plan import FULL, QUICK, Plan
from bench.speed.plots import write_plots
from bench.speed.processor import describe_machine
from bench.speed.report import write_report
from bench.speed.rounds import Results
from bench.speed.service import measure_service
from bench.speed.stages import measure_stages
from bench.speed.trees import check_out
from tools.signals import end_on_signals

RESULTS = Path("bench/results")


def measure(plan: Plan, baseline: str | None) -> Results:
    """Measures everything in a plan."""
    start = time.perf_counter()

    def show(part: str) -> None:
        print(f"{time.perf_counter() - start:5.0f} s  {part}", flush=True)

    show("copies and weights")
    with_arcface = any(name.startswith("arcface") for name in plan.configurations)
    with check_out(baseline, with_arcface=with_arcface) as trees:
        present = trees[0]
        results: Results = {
            "machine": describe_machine(),
            "commits": {tree.name: tree.commit for tree in trees},
            "service": {},
        }
        for configuration in plan.configurations:
            show(f"service: {configuration}")
            results["service"][configuration] = measure_service(trees, configuration, plan)
        show("cold starts")
        results["cold_start"] = measure_cold_starts(trees, plan)
        show("phases of a cold start")
        results["cold_start_phases"] = measure_phases(present, plan)
        show("stages")
        results["stages_ms"] = measure_stages(present, plan)
        show("networks alone")
        results["floor"] = measure_floor(present, plan)
        if plan.peer_rounds:
            show("peers")
            results["peers"] = measure_peers(present, plan)
        show("growth")
        results["growth"] = measure_growth(trees, plan)
    results["seconds"] = round(time.perf_counter() - start)
    return results


def to_json(value: object) -> object:
    """Converts a dataclass for `json.dumps`.

    Raises:
        TypeError: it is something else.
    """
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"not JSON: {value!r}")
    return asdict(value)


def main() -> None:
    """Measures, prints a table and writes the results."""
    parser = argparse.ArgumentParser(description="Measures the speed and memory of the service.")
    parser.add_argument("--baseline", metavar="COMMIT", help="measure a commit in the same run")
    parser.add_argument("--quick", action="store_true", help="few rounds, MobileFaceNet only")
    parser.add_argument("--out", type=Path, default=RESULTS, help=f"default: {RESULTS}")
    arguments = parser.parse_args()
    end_on_signals()
    measured = measure(QUICK if arguments.quick else FULL, arguments.baseline)
    # What is drawn and printed is what the file says.
    results = json.loads(json.dumps(measured, default=to_json))
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "speed.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    print(write_report(results, arguments.out))
    write_plots(results, arguments.out)


if __name__ == "__main__":
    main()
