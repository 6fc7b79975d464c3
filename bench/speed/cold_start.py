"""Cold starts: whole ones on Lambda's runtime, and the phases of one in a bare process.

All are on a warm page cache, so they are lower bounds: Lambda also fetches the image and starts a
sandbox.
"""

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path

from bench.speed.plan import Plan
from bench.speed.rounds import Results, Samples, alternate, ratio, summarise_all
from bench.speed.trees import Tree, respect_permissions
from tools.lambda_pool import VARIABLES, Environment

EVENTS = {
    "extract": Path("events/extract/extract-embedding-v1.json"),
    "compare": Path("events/compare/compare-faces-v1.json"),
}
BARE_IMPORT = "import fastapi"
PHASES_SCRIPT = Path(__file__).with_name("cold_start_phases.py")
# "import time: self [us] | cumulative | imported package".
IMPORT_TIME = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \|( *)(\S+)$", re.MULTILINE)
SLOWEST = 25


def measure_cold_starts(trees: Sequence[Tree], plan: Plan) -> Results:
    """Measures seconds from a new environment's start to its first answer.

    A bare `import fastapi` in a new process is timed in each round, too: the ratio to it is
    comparable between machines.
    """
    starts = [(f"extract {name}", "extract", name) for name in plan.configurations]
    starts.append(("compare", "compare", plan.configurations[0]))
    actions = {
        (label, tree.name): partial(_cold_start_s, tree, function, configuration)
        for label, function, configuration in starts
        for tree in trees
    }
    # Brings all files into the page cache.
    for action in actions.values():
        action()
    samples = alternate(
        {
            **{f"{label}|{name}": action for (label, name), action in actions.items()},
            BARE_IMPORT: _bare_import_s,
        },
        plan.cold_starts,
    )
    results: Results = {BARE_IMPORT: summarise_all(samples)[BARE_IMPORT]}
    for label, _, _ in starts:
        results[label] = _compare(label, samples, [tree.name for tree in trees])
    return {"seconds": results}


def _compare(label: str, samples: Samples, names: list[str]) -> Results:
    results: Results = {}
    for name in names:
        key = f"{label}|{name}"
        results[name] = summarise_all(samples)[key]
        results[f"{name}_to_import_fastapi"] = ratio(samples, key, BARE_IMPORT)
    if "baseline" in names:
        results["present_to_baseline"] = ratio(samples, f"{label}|present", f"{label}|baseline")
    return results


def _cold_start_s(tree: Tree, function: str, configuration: str) -> float:
    event = EVENTS[function].read_bytes()
    start = time.perf_counter()
    environment = start_environment(tree, function, configuration)
    try:
        answer = environment.invoke(event)
        seconds = time.perf_counter() - start
    finally:
        environment.stop()
    if answer.failed or answer.json()["statusCode"] != HTTPStatus.OK:
        raise RuntimeError(answer.payload.decode())
    return seconds


def start_environment(tree: Tree, function: str, configuration: str) -> Environment:
    """Starts a copy's function on Lambda's runtime."""
    variables = tree.variables(configuration) if function == "extract" else {}
    return Environment(
        f"functions.{function}.handler.handler",
        {**VARIABLES[function], **variables},
        folder=tree.folder,
        python_path=tree.python_path,
        launcher=respect_permissions(),
    )


def _bare_import_s() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE_IMPORT], check=True)  # noqa: S603
    return time.perf_counter() - start


def measure_phases(tree: Tree, plan: Plan) -> Results:
    """Measures the phases of the extract function's cold start, in milliseconds.

    `init` is the import of the handler, which loads the model beside the import of FastAPI;
    `imports` and `model_load` are the same one after the other, in processes of their own.
    """
    results: Results = {}
    for configuration in plan.configurations:
        runs = [_run_phases(tree, configuration) for _ in range(plan.phase_rounds + 1)][1:]
        phases: Samples = {name: [run[name] for run in runs] for name in runs[0]}
        results[configuration] = summarise_all(phases)
    return {"milliseconds": results, "imports": _import_table(tree, plan.configurations[0])}


def _run_phases(tree: Tree, configuration: str) -> dict[str, float]:
    phases: dict[str, float] = {}
    for mode in ("together", "apart"):
        event = EVENTS["extract"].resolve()
        printed = _python(
            tree, configuration, str(PHASES_SCRIPT), mode, str(event), str(time.perf_counter())
        )
        phases.update(json.loads(printed.stdout.splitlines()[-1]))
    return phases


def _import_table(tree: Tree, configuration: str) -> Results:
    """Returns where the import time goes: the slowest modules, and the time by package.

    The time of a module itself, without what it imports, is added up by package.
    """
    code = "import functions.extract.app, face_engine.model.loader, face_service.lambda_entry"
    printed = _python(tree, configuration, "-X", "importtime", "-c", code).stderr
    own_ms: dict[str, float] = defaultdict(float)
    modules: list[tuple[float, str]] = []
    for own_us, cumulative_us, _, module in IMPORT_TIME.findall(printed):
        own_ms[module.partition(".")[0]] += int(own_us) / 1000
        modules.append((int(cumulative_us) / 1000, module))
    packages = sorted(own_ms.items(), key=lambda item: item[1], reverse=True)[:SLOWEST]
    return {
        "configuration": configuration,
        "own_ms_by_package": {name: round(ms, 1) for name, ms in packages},
        "cumulative_ms_by_module": {
            module: round(ms, 1) for ms, module in sorted(modules, reverse=True)[:SLOWEST]
        },
    }


def _python(tree: Tree, configuration: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [*respect_permissions(), sys.executable, *arguments],
        cwd=tree.folder,
        env=tree.environment(configuration),
        capture_output=True,
        text=True,
        check=True,
    )
