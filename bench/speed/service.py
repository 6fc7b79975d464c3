"""Latency, throughput and memory of the copies' servers, from JSON to JSON over loopback."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial

from bench.speed.photos import read_portrait, read_portraits_and_groups
from bench.speed.plan import Plan
from bench.speed.rounds import Results, alternate, ratios_to_baseline, summarise_all
from bench.speed.servers import (
    Client,
    available_processors,
    extract_at_once,
    make_body,
    serve,
    serve_all,
)
from bench.speed.trees import Tree
from tools.local_server import LocalServer

CLIENTS = 8


def measure_service(trees: Sequence[Tree], configuration: str, plan: Plan) -> Results:
    """Measures one configuration, on all processors and pinned to one.

    Memory is that of a server's process: `loaded_mb` before the first photo, `peak_mb` since it
    started, `one_client_peak_mb` the same before several clients came.
    """
    load = alternate(
        {tree.name: partial(_load_s, tree, configuration) for tree in trees}, plan.load_rounds
    )
    body = make_body(read_portrait())
    processors = len(available_processors())
    with serve_all(trees, configuration) as servers:
        loaded_mb = {name: server.resident_mb() for name, server in servers.items()}
        clients = {name: Client(server) for name, server in servers.items()}
        first_ms = {name: client.extract_ms(body) for name, client in clients.items()}
        latency = alternate(
            {name: partial(client.extract_ms, body) for name, client in clients.items()},
            plan.latency_rounds[configuration],
        )
        # Reading the peak resets it.
        one_client_mb = {name: server.peak_mb() for name, server in servers.items()}
        throughput = {str(processors): _throughput(servers, body, configuration, plan)}
        several_mb = {name: server.peak_mb() for name, server in servers.items()}
        photos = [make_body(p, enforce_detection=False) for p in read_portraits_and_groups()]
        mixed = alternate(
            {name: partial(_mean_ms, server, photos) for name, server in servers.items()},
            plan.mixed_rounds[configuration],
        )
    if processors > 1:
        with serve_all(trees, configuration, processors=1) as servers:
            throughput["1"] = _throughput(servers, body, configuration, plan)
    return {
        "model_load_s": {**summarise_all(load), **ratios_to_baseline(load)},
        "latency_ms": {**summarise_all(latency), **ratios_to_baseline(latency)},
        "portraits_and_groups_ms": {**summarise_all(mixed), **ratios_to_baseline(mixed)},
        "first_photo_ms": first_ms,
        "photos_per_s_by_processors": throughput,
        "clients": CLIENTS,
        "memory_mb": {
            name: {
                "loaded": loaded_mb[name],
                "one_client_peak": one_client_mb[name],
                "peak": max(one_client_mb[name], several_mb[name]),
            }
            for name in loaded_mb
        },
    }


def _load_s(tree: Tree, configuration: str) -> float:
    with serve(tree, configuration) as server, closing(Client(server)) as client:
        return client.load_s()


def _throughput(
    servers: dict[str, LocalServer], body: bytes, configuration: str, plan: Plan
) -> Results:
    # Warms each thread of the server.
    for server in servers.values():
        extract_at_once(server, body, 2, 2)
    samples = alternate(
        {
            name: partial(_photos_per_s, server, body, plan.batch_photos[configuration])
            for name, server in servers.items()
        },
        plan.batch_rounds[configuration],
    )
    return {**summarise_all(samples), **ratios_to_baseline(samples)}


def _mean_ms(server: LocalServer, bodies: Sequence[bytes]) -> float:
    # A new connection: older commits close one on which nothing is sent for 5 s.
    with closing(Client(server)) as client:
        return sum(client.extract_ms(body) for body in bodies) / len(bodies)


def _photos_per_s(server: LocalServer, body: bytes, photos: int) -> float:
    photos_per_s, _ = extract_at_once(server, body, CLIENTS, photos)
    return photos_per_s
