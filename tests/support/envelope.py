"""Checks the error envelope."""

from typing import Any

import httpx2 as httpx

from face_contract.errors import ErrorCode


def assert_error(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Asserts that the answer is an error envelope and nothing else; returns its content."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    error: dict[str, Any] = answer.json()["error"]
    assert list(error) == ["code", "message", "details"]
    assert error["code"] == ErrorCode(code)
    assert error["message"].endswith(".")
    return error
