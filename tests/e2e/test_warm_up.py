"""Warm-up against real execution environments: whom do the pings reach?"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from starlette.applications import Starlette

from face_contract.ping import make_ping
from face_warmup.warm_up import Outcome, warm_up
from tests.support.paths import EVENT_DIR
from tools.api_gateway import create_gateway, serve
from tools.lambda_api import ROUTES, Routing, get_alias
from tools.lambda_pool import Answer, Environment, Pool, start_environment, start_pool

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:{}:live"
TARGETS = (ARN.format("extract"), ARN.format("compare"))
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
MakeClient = Callable[..., Any]
ALIAS_ROUTES = [route for route in ROUTES if route.endpoint is get_alias]

STUBBORN = """
import os, time
def handler(event, context):
    if os.environ["MOOD"] == "crashing":
        os._exit(3)
    if os.environ["MOOD"] == "raising":
        raise ValueError("no")
    time.sleep(4)
"""


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Builds boto3's client of an endpoint, as the warm-up function builds it."""
    clients = []

    def make(address: str, read_timeout_s: float = 40) -> Any:
        config = Config(
            retries={"total_max_attempts": 1}, max_pool_connections=20, read_timeout=read_timeout_s
        )
        clients.append(
            boto3.client(
                "lambda",
                endpoint_url=address,
                region_name="eu-west-1",
                config=config,
                **CREDENTIALS,
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def stubborn(folder: Path, mood: str) -> Environment:
    (folder / "stubborn.py").write_text(STUBBORN)
    return Environment("stubborn.handler", {"MOOD": mood}, folder=folder, python_path=str(folder))


def test_n_pings_reach_n_distinct_instances_cold_and_then_warm(make_client: MakeClient) -> None:
    pools = {"extract": start_pool("extract", 3), "compare": start_pool("compare", 3)}
    try:
        with serve(create_gateway(pools)) as address:
            client = make_client(address)
            for outcome in (Outcome.COLD, Outcome.WARM):
                reports = warm_up(client, TARGETS, 3)
                assert [report.function for report in reports] == ["extract", "compare"]
                for report in reports:
                    assert report.outcomes == Counter({outcome: 3})
                    assert report.distinct == report.wanted == 3
                    assert report.failed == 0
    finally:
        for pool in pools.values():
            pool.stop()


def test_an_instance_keeps_its_id_and_is_cold_once() -> None:
    environment = start_environment("compare")
    try:
        ping = json.dumps(make_ping(0)).encode()
        replies = [environment.invoke(ping).json() for _ in range(3)]
    finally:
        environment.stop()
    assert [reply["cold"] for reply in replies] == [True, False, False]
    assert len({reply["instance_id"] for reply in replies}) == 1


def test_fewer_than_wanted_are_told(make_client: MakeClient) -> None:
    pool = start_pool("compare", 2)
    try:
        with serve(create_gateway({"compare": pool})) as address:
            (report,) = warm_up(make_client(address), TARGETS[1:], 3)
    finally:
        pool.stop()
    assert report.distinct == 2
    # Three pings in each of two rounds; one finds no idle instance.
    assert report.outcomes[Outcome.THROTTLED] == 2
    assert report.outcomes[Outcome.COLD] + report.outcomes[Outcome.WARM] == 4
    assert report.failed == 2


@pytest.mark.parametrize("mood", ["crashing", "raising", "slow"])
def test_instances_that_fail_are_counted_as_such(
    make_client: MakeClient, tmp_path: Path, mood: str
) -> None:
    pool = Pool([stubborn(tmp_path, mood)])
    try:
        with serve(create_gateway({"compare": pool})) as address:
            (report,) = warm_up(make_client(address, read_timeout_s=1), TARGETS[1:], 1)
    finally:
        pool.stop()
    assert report.distinct == 0
    assert report.failed == 2
    first = Outcome.SLOW if mood == "slow" else Outcome.CRASHED
    assert report.outcomes[first] >= 1


def test_a_broken_model_is_not_warm(make_client: MakeClient, tmp_path: Path) -> None:
    pool = Pool([start_environment("extract", MODEL_DIR=str(tmp_path))])
    try:
        with serve(create_gateway({"extract": pool})) as address:
            (report,) = warm_up(make_client(address), TARGETS[:1], 1)
    finally:
        pool.stop()
    assert report.outcomes == Counter({Outcome.CRASHED: 2})


INCOMPLETE = """
import json, os
def handler(event, context):
    return json.loads(os.environ["REPLY"])
"""


@pytest.mark.parametrize(
    "reply",
    [
        {"status": "warm"},
        {"status": "warm", "instance_id": "a"},
        {"status": "warm", "cold": True},
        {"status": "warm", "instance_id": None, "cold": True},
        {"status": "warm", "instance_id": ["a"], "cold": True},
        {"status": "warm", "instance_id": "", "cold": True},
        {"status": "warm", "instance_id": "a", "cold": "no"},
        {"statusCode": 404, "body": "{}"},
        [],
        None,
    ],
)
def test_an_incomplete_reply_is_a_failure_and_the_other_targets_are_counted(
    make_client: MakeClient, tmp_path: Path, reply: object
) -> None:
    (tmp_path / "incomplete.py").write_text(INCOMPLETE)
    environment = Environment(
        "incomplete.handler",
        {"REPLY": json.dumps(reply)},
        folder=tmp_path,
        python_path=str(tmp_path),
    )
    pools = {"extract": Pool([environment]), "compare": start_pool("compare", 1)}
    try:
        with serve(create_gateway(pools)) as address:
            broken, good = warm_up(make_client(address), TARGETS, 1)
    finally:
        for pool in pools.values():
            pool.stop()
    assert broken.outcomes == Counter({Outcome.CRASHED: 2})
    assert (broken.distinct, broken.failed) == (0, 2)
    assert good.outcomes == Counter({Outcome.COLD: 1})
    assert good.distinct == 1


def test_unknown_functions_and_dead_addresses_are_failures(make_client: MakeClient) -> None:
    with serve(create_gateway({})) as address:
        (report,) = warm_up(make_client(address), TARGETS[:1], 1)
        client = make_client(address)
    assert report.outcomes == Counter({Outcome.CRASHED: 2})
    (report,) = warm_up(client, TARGETS[:1], 1)
    assert report.outcomes == Counter({Outcome.UNREACHABLE: 2})


def test_the_alias_is_what_is_pinged() -> None:
    client = boto3.client("lambda", region_name="eu-west-1", **CREDENTIALS)
    with Stubber(client) as stubber:
        for hold_ms in (100, 500):
            stubber.add_client_error(
                "invoke",
                "TooManyRequestsException",
                expected_params={
                    "FunctionName": TARGETS[0],
                    "Payload": json.dumps(make_ping(hold_ms)).encode(),
                },
            )
        (report,) = warm_up(client, TARGETS[:1], 1)
        stubber.assert_no_pending_responses()
    client.close()
    assert report.outcomes == Counter({Outcome.THROTTLED: 2})


WarmUpRun = Callable[..., tuple[Answer, list[dict[str, Any]]]]


@pytest.fixture
def run_warm_up(built: Path) -> WarmUpRun:
    """Runs the built function against a gateway; returns its answer and its metrics."""

    def run(gateway: Starlette, wanted: int) -> tuple[Answer, list[dict[str, Any]]]:
        with serve(gateway) as address:
            environment = Environment(
                "handler.handler",
                {
                    "TARGETS": ",".join(TARGETS),
                    "WARM_INSTANCES": str(wanted),
                    "POWERTOOLS_METRICS_NAMESPACE": "face",
                    "POWERTOOLS_SERVICE_NAME": "warm-up",
                    "AWS_ENDPOINT_URL_LAMBDA": address,
                    "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test",
                },
                folder=built / "WarmUpFunction",
                python_path=str(built / "ContractLayer" / "python"),
            )
            try:
                event = (EVENT_DIR / "warmup" / "schedule.json").read_bytes()
                answer = environment.invoke(event)
                log = environment.log()
            finally:
                environment.stop()
        return answer, [
            json.loads(line) for line in log.splitlines() if '"CloudWatchMetrics"' in line
        ]

    return run


@pytest.fixture
def warm_pools() -> Iterator[dict[str, Pool]]:
    """Two instances of each function, and of a second version of compare."""
    pools = {name: start_pool(name, 2) for name in ("extract", "compare")}
    pools["compare:2"] = start_pool("compare", 2)
    yield pools
    for pool in pools.values():
        pool.stop()


@pytest.mark.parametrize(("wanted", "succeeds"), [(2, True), (3, False)])
def test_the_built_function_warms_and_tells_and_fails_loudly(
    run_warm_up: WarmUpRun, warm_pools: dict[str, Pool], wanted: int, succeeds: bool
) -> None:
    answer, metrics = run_warm_up(create_gateway(warm_pools), wanted)
    assert answer.failed is not succeeds
    if succeeds:
        assert answer.json() == {
            "extract:1": {"distinct": 2, "cold": 2},
            "compare:1": {"distinct": 2, "cold": 2},
        }
    else:
        assert answer.json()["errorType"] == "WarmUpFailed"
    assert {blob["target"]: blob["Distinct"] for blob in metrics} == {
        "extract": [2],
        "compare": [2],
    }


def test_both_versions_of_a_canary_are_warmed(
    run_warm_up: WarmUpRun, warm_pools: dict[str, Pool]
) -> None:
    canary = {"compare": Routing("1", {"2": 0.1})}
    answer, metrics = run_warm_up(create_gateway(warm_pools, aliases=canary), 2)
    assert answer.json() == {
        "extract:1": {"distinct": 2, "cold": 2},
        "compare:1": {"distinct": 2, "cold": 2},
        "compare:2": {"distinct": 2, "cold": 2},
    }
    assert [blob["target"] for blob in metrics] == ["extract", "compare", "compare"]


def test_an_alias_that_cannot_be_read_is_pinged_itself_and_raises_the_alarm(
    run_warm_up: WarmUpRun, warm_pools: dict[str, Pool]
) -> None:
    gateway = create_gateway(warm_pools)
    gateway.router.routes = [route for route in gateway.routes if route not in ALIAS_ROUTES]
    answer, metrics = run_warm_up(gateway, 2)
    assert answer.json()["errorType"] == "WarmUpFailed"
    assert [blob["Distinct"] for blob in metrics] == [[2], [2]]
