"""The warm-up ping: what the warm-up function sends and the other functions answer."""

import uuid
from typing import Any

PING_SOURCE = "warm-up"
MAX_HOLD_MS = 1000
# One for each execution environment: by these a warm-up counts how many it reached.
INSTANCE_ID = uuid.uuid4().hex


def make_ping(hold_ms: int) -> dict[str, Any]:
    """Returns a ping that holds its instance for so long: pings sent together reach many."""
    return {"source": PING_SOURCE, "hold_ms": hold_ms}


def is_ping(event: dict[str, Any]) -> bool:
    """Tells a ping from a request: what comes through API Gateway always has a context of its."""
    return event.get("source") == PING_SOURCE and "requestContext" not in event


def hold_s(ping: dict[str, Any]) -> float:
    """Returns for how many seconds a ping holds its instance; 0 when it does not say."""
    hold_ms = ping.get("hold_ms")
    return min(max(hold_ms, 0), MAX_HOLD_MS) / 1000 if isinstance(hold_ms, int) else 0
