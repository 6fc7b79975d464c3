"""Warm extractions by stage, from the metrics that the function writes on Lambda's runtime."""

import json
from collections import defaultdict

from bench.speed.cold_start import start_environment
from bench.speed.photos import read_portrait
from bench.speed.plan import Plan
from bench.speed.rounds import Results, Samples, summarise_all
from bench.speed.servers import make_body
from bench.speed.trees import Tree
from face_contract.stages import Stage
from face_service.app import API_PREFIX

METRICS = '"CloudWatchMetrics"'


def measure_stages(tree: Tree, plan: Plan) -> Results:
    """Measures each configuration: milliseconds by stage, and in all by the answer itself."""
    return {
        configuration: summarise_all(
            _stages(tree, configuration, plan.latency_rounds[configuration])
        )
        for configuration in plan.configurations
    }


def _stages(tree: Tree, configuration: str, rounds: int) -> Samples:
    event = {
        "requestContext": {"stage": "prod"},
        "httpMethod": "POST",
        "path": f"{API_PREFIX}/extract-embedding",
        "resource": f"{API_PREFIX}/extract-embedding",
        "headers": {"Content-Type": "application/json"},
        "body": make_body(read_portrait()).decode(),
        "isBase64Encoded": False,
    }
    payload = json.dumps(event).encode()
    samples: Samples = defaultdict(list)
    environment = start_environment(tree, "extract", configuration)
    try:
        for number in range(1 + rounds):
            before = len(environment.log())
            answer = json.loads(environment.invoke(payload).json()["body"])
            lines = environment.log()[before:].splitlines()
            (written,) = [json.loads(line) for line in lines if METRICS in line]
            # The first is the cold one.
            if number:
                for stage in Stage:
                    if stage.capitalize() in written:
                        samples[stage].append(written[stage.capitalize()][0])
                samples["processing_time_ms"].append(answer["processing_time_ms"])
    finally:
        environment.stop()
    return samples
