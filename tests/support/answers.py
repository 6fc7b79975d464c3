"""Compares the answers of two processes."""

import json
from typing import Any

from tests.support.vectors import cosine_distance

# Fields that differ between processes, and between the first call and later ones.
NOT_COMPARED = {
    *("processing_time_ms", "load_time_seconds", "inference_engines", "instance_id"),
    *("model_loaded", "status", "cold"),
}


def same(ours: Any, theirs: Any) -> bool:
    """Whether two values are equal, except for NOT_COMPARED and the last digits of floats."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(
            key in NOT_COMPARED or same(value, theirs[key]) for key, value in ours.items()
        )
    if isinstance(ours, list) and ours and isinstance(ours[0], float):
        return cosine_distance(ours, theirs) < 1e-5
    if isinstance(ours, float):
        return bool(abs(ours - theirs) < 1e-4)
    return bool(ours == theirs)


def assert_same_answer(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Compares two answers to one event: status and body, or the whole answer to a ping."""
    if "statusCode" not in ours:
        assert same(ours, theirs), theirs
        return
    assert theirs["statusCode"] == ours["statusCode"], theirs
    assert same(json.loads(ours["body"]), json.loads(theirs["body"])), theirs
