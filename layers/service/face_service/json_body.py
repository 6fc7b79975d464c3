"""How JSON bodies are parsed."""

import json
import math
from typing import Any

from starlette.requests import Request

# An integer of more digits is beyond the range of a double, and JSON allows no leading zeros.
# Python takes quadratic time for long integers, and refuses those of over 4,300 digits.
MAX_INTEGER_DIGITS = 309


class JsonRequest(Request):
    """A request whose body may hold integers of any length."""

    async def json(self) -> Any:
        """Returns the parsed body; integers beyond the range of a double are infinite.

        Raises:
            json.JSONDecodeError, UnicodeDecodeError, RecursionError: it is not JSON, or nested too
                deep.
        """
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), parse_int=parse_integer)
        return self._json


def parse_integer(text: str) -> float:
    """Parses an integer of JSON, in linear time."""
    if len(text.removeprefix("-")) <= MAX_INTEGER_DIGITS:
        return int(text)
    return -math.inf if text.startswith("-") else math.inf
