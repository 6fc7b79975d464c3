"""The ping that the warm-up function sends to the other functions."""

import uuid
from typing import Any

PING_SOURCE = "warm-up"
MAX_HOLD_MS = 1000
# One per execution environment, so that a warm-up can count the distinct instances it reached.
INSTANCE_ID = uuid.uuid4().hex


def make_ping(hold_ms: int) -> dict[str, Any]:
    """Returns a ping that keeps its instance busy for `hold_ms`.

    Pings that are sent together then reach different instances.
    """
    return {"source": PING_SOURCE, "hold_ms": hold_ms}


def is_ping(event: dict[str, Any]) -> bool:
    """Returns whether an event is a ping. Gateway events always carry `requestContext`."""
    return event.get("source") == PING_SOURCE and "requestContext" not in event


def hold_s(ping: dict[str, Any]) -> float:
    """Returns how many seconds a ping keeps its instance busy; 0 if its `hold_ms` is not valid."""
    hold_ms = ping.get("hold_ms")
    return min(max(hold_ms, 0), MAX_HOLD_MS) / 1000 if isinstance(hold_ms, int) else 0
