"""How latency grows with pixels and faces, and throughput with concurrent clients."""

import statistics
from collections.abc import Callable, Sequence
from functools import partial

from bench.speed.photos import group_of, read_portrait, scale_portrait
from bench.speed.plan import Plan
from bench.speed.rounds import Results, alternate, ratios_to_baseline, summarise, summarise_all
from bench.speed.servers import Client, extract_at_once, make_body, serve_all
from bench.speed.trees import Tree
from tools.local_server import LocalServer

CONFIGURATION = "mobilefacenet"
# Photos of each client in one round.
PHOTOS_PER_CLIENT = 2


def measure_growth(trees: Sequence[Tree], plan: Plan) -> Results:
    """Measures MobileFaceNet; each of the results is keyed by pixels, faces or clients."""
    with serve_all(trees, CONFIGURATION) as servers:
        return {
            "configuration": CONFIGURATION,
            "latency_ms_by_longer_side_px": _latency(servers, plan.pixels, scale_portrait, plan),
            "latency_ms_by_faces": _latency(servers, plan.faces, group_of, plan),
            "by_clients": {
                str(clients): _at_once(servers, clients, plan) for clients in plan.clients
            },
        }


def _latency(
    servers: dict[str, LocalServer],
    sizes: Sequence[int],
    make_photo: Callable[[int], bytes],
    plan: Plan,
) -> Results:
    clients = {name: Client(server) for name, server in servers.items()}
    results: Results = {}
    for size in sizes:
        # Of several faces the largest is embedded.
        body = make_body(make_photo(size), enforce_detection=False)
        for client in clients.values():
            client.extract_ms(body)
        samples = alternate(
            {name: partial(client.extract_ms, body) for name, client in clients.items()},
            plan.growth_rounds,
        )
        results[str(size)] = {**summarise_all(samples), **ratios_to_baseline(samples)}
    return results


def _at_once(servers: dict[str, LocalServer], clients: int, plan: Plan) -> Results:
    body = make_body(read_portrait())
    latencies: dict[str, list[float]] = {name: [] for name in servers}

    def measure(name: str) -> float:
        photos_per_s, spent_ms = extract_at_once(
            servers[name], body, clients, clients * PHOTOS_PER_CLIENT
        )
        latencies[name].append(statistics.median(spent_ms))
        return photos_per_s

    samples = alternate({name: partial(measure, name) for name in servers}, plan.growth_rounds)
    return {
        "photos_per_s": {**summarise_all(samples), **ratios_to_baseline(samples)},
        "median_latency_ms": {name: summarise(values) for name, values in latencies.items()},
    }
