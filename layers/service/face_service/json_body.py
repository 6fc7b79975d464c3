"""Parses JSON bodies with integers of any length."""

import json
import math
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope

from face_contract.stages import Stage, StageTimes

# An integer with more digits is too large for a double: JSON allows no leading zeros. Python parses
# long integers in quadratic time and refuses those of more than 4,300 digits.
MAX_INTEGER_DIGITS = 309


class JsonRequest(Request):
    """A request whose JSON body may have integers of any length.

    Args:
        scope: the ASGI scope.
        receive: receives the body.
        stages: parsing begins here; the route ends it, once the body fits the schema.
    """

    def __init__(self, scope: Scope, receive: Receive, stages: StageTimes) -> None:
        super().__init__(scope, receive)
        self._stages = stages

    async def json(self) -> Any:
        """Returns the parsed body. Integers that are too large for a double become infinite.

        Raises:
            json.JSONDecodeError, UnicodeDecodeError: the body is not JSON in UTF-8.
            RecursionError: it is nested too deeply.
        """
        if not hasattr(self, "_json"):
            body = await self.body()
            self._stages.begin(Stage.PARSE)
            self._json = json.loads(body, parse_int=parse_integer)
        return self._json


def parse_integer(text: str) -> float:
    """Parses a JSON integer in linear time; returns ±inf if it is too large for a double."""
    if len(text.removeprefix("-")) <= MAX_INTEGER_DIGITS:
        return int(text)
    return -math.inf if text.startswith("-") else math.inf
