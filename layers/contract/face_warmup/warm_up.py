"""Keeps instances warm: pings concurrently and counts distinct instances."""

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from face_contract.ping import make_ping

# The second round holds longer, in case one instance answered two pings of the first.
HOLDS_MS = (100, 500)


class LambdaClient(Protocol):
    """The part of boto3's client that is needed. It must not retry: a retry is an extra ping."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Invokes a function and waits for its answer."""
        ...


class Outcome(StrEnum):
    """The result of a ping."""

    WARM = "warm"
    COLD = "cold"
    THROTTLED = "throttled"
    SLOW = "slow"
    CRASHED = "crashed"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all pings to a target.

    Args:
        target: ARN of a function's version or alias.
        wanted: number of instances to reach.
        distinct: number of distinct instances that answered.
        outcomes: number of pings with each outcome.
    """

    target: str
    wanted: int
    distinct: int
    outcomes: Counter[Outcome]

    @property
    def function(self) -> str:
        """The function's name."""
        return self.target.split(":")[6]

    @property
    def name(self) -> str:
        """The function's name and version, such as `extract:7`."""
        return ":".join(self.target.split(":")[6:])

    @property
    def counts(self) -> dict[str, int]:
        """The number of distinct instances and of each outcome, for the log."""
        return {"distinct": self.distinct} | {str(key): n for key, n in self.outcomes.items()}

    @property
    def failed(self) -> int:
        """The number of pings that did not warm an instance."""
        return self.outcomes.total() - self.outcomes[Outcome.WARM] - self.outcomes[Outcome.COLD]


def warm_up(client: LambdaClient, targets: Sequence[str], wanted: int) -> list[Report]:
    """Sends `wanted` pings to each target, all at the same time.

    If fewer than `wanted` distinct instances of a target answer, it is pinged once more with a
    longer hold.
    """
    with ThreadPoolExecutor(len(targets)) as threads:
        return list(threads.map(lambda target: _warm_target(client, target, wanted), targets))


def _warm_target(client: LambdaClient, target: str, wanted: int) -> Report:
    instances: set[str] = set()
    outcomes: Counter[Outcome] = Counter()
    for hold_ms in HOLDS_MS:
        with ThreadPoolExecutor(wanted) as threads:
            pings = [threads.submit(_ping, client, target, hold_ms) for _ in range(wanted)]
        for ping in pings:
            outcome, instance = ping.result()
            outcomes[outcome] += 1
            instances |= {instance} if instance else set()
        if len(instances) >= wanted:
            break
    return Report(target, wanted, len(instances), outcomes)


def _ping(client: LambdaClient, target: str, hold_ms: int) -> tuple[Outcome, str | None]:
    payload = json.dumps(make_ping(hold_ms)).encode()
    try:
        answer = client.invoke(FunctionName=target, Payload=payload)
        reply = json.loads(answer["Payload"].read())
    except ClientError as error:
        throttled = error.response["Error"]["Code"] == "TooManyRequestsException"
        return (Outcome.THROTTLED if throttled else Outcome.CRASHED), None
    except (ReadTimeoutError, ConnectTimeoutError):
        return Outcome.SLOW, None
    except (BotoCoreError, ValueError):
        return Outcome.UNREACHABLE, None
    if "FunctionError" in answer or not isinstance(reply, dict) or reply.get("status") != "warm":
        return Outcome.CRASHED, None
    instance, is_cold = reply.get("instance_id"), reply.get("cold")
    if not (isinstance(instance, str) and instance and isinstance(is_cold, bool)):
        return Outcome.CRASHED, None
    return (Outcome.COLD if is_cold else Outcome.WARM), instance
