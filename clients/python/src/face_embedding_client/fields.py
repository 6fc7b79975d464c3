"""The values of JSON objects, checked when they are read."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value")


class Unreadable(Exception):
    """A value is missing or has another form. The message names it and never quotes it."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object of an answer, whose values are checked when they are read."""

    content: Mapping[str, object]
    path: str = ""

    def name(self, key: str) -> str:
        """Returns where a value stands in the answer."""
        return f"{self.path}{key}"

    def text(self, key: str) -> str:
        """Returns a text."""
        return self._read(key, str)

    def flag(self, key: str) -> bool:
        """Returns a boolean."""
        return self._read(key, bool)

    def whole(self, key: str) -> int:
        """Returns an integer."""
        number = self._read(key, int)
        if isinstance(number, bool):
            raise Unreadable(f"`{self.name(key)}` is no integer")
        return number

    def number(self, key: str) -> float:
        """Returns a finite number."""
        return to_number(self.content.get(key), self.name(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """Returns a list of texts."""
        values: list[object] = self._read(key, list)
        return tuple(expect(value, str, self.name(key)) for value in values)

    def object(self, key: str) -> "Fields":
        """Returns an object."""
        return Fields(self._read(key, dict), f"{self.name(key)}.")

    def objects(self, key: str, count: int | None = None) -> "tuple[Fields, ...]":
        """Returns a list of objects; of exactly `count` unless it is None."""
        values: list[object] = self._read(key, list)
        if count is not None and len(values) != count:
            raise Unreadable(f"`{self.name(key)}` has {len(values)} entries instead of {count}")
        names = (f"{self.name(key)}[{index}]" for index in range(len(values)))
        return tuple(
            Fields(expect(value, dict, name), f"{name}.")
            for value, name in zip(values, names, strict=True)
        )

    def optional(self, read: "Callable[[Fields, str], Value]", key: str) -> Value | None:
        """Returns a value, or None if it is null or missing."""
        return None if self.content.get(key) is None else read(self, key)

    def _read(self, key: str, kind: type[Value]) -> Value:
        return expect(self.content.get(key), kind, self.name(key))


def expect(value: object, kind: type[Value], name: str) -> Value:
    """Returns a value of a kind.

    Raises:
        Unreadable: it is of another.
    """
    if not isinstance(value, kind):
        raise Unreadable(f"`{name}` is missing or no {kind.__name__}")
    return value


def to_number(value: object, name: str) -> float:
    """Returns a finite number.

    Raises:
        Unreadable: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"`{name}` is missing or no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unreadable(f"`{name}` is not finite")
    return number


def read_object(body: bytes) -> Fields:
    """Returns the JSON object of an answer.

    Raises:
        Unreadable: it is none.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON") from None
    return Fields(expect(content, dict, "the answer"))
