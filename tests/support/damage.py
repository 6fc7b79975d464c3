"""Damages image files as interrupted uploads and disk errors do, reproducibly."""

from collections.abc import Callable, Iterator

import numpy as np

END_MARKER = b"\xff\xd9"
PAGE = 4096

Damage = Callable[[bytes, float, np.random.Generator], bytes]


def cut(data: bytes, part: float, _: np.random.Generator) -> bytes:
    return data[: int(len(data) * part)]


def cut_and_closed(data: bytes, part: float, rng: np.random.Generator) -> bytes:
    return cut(data, part, rng) + END_MARKER


def zero_tail(data: bytes, part: float, rng: np.random.Generator) -> bytes:
    return cut(data, part, rng).ljust(len(data), b"\0")


def zero_page(data: bytes, part: float, _: np.random.Generator) -> bytes:
    at = int(len(data) * part)
    return data[:at] + bytes(len(data[at : at + PAGE])) + data[at + PAGE :]


def random_page(data: bytes, part: float, rng: np.random.Generator) -> bytes:
    at = int(len(data) * part)
    return data[:at] + rng.bytes(len(data[at : at + PAGE])) + data[at + PAGE :]


def missing_page(data: bytes, part: float, _: np.random.Generator) -> bytes:
    at = int(len(data) * part)
    return data[:at] + data[at + PAGE :]


def foreign_page(data: bytes, part: float, _: np.random.Generator) -> bytes:
    """Overwrites a page with another part of the same file."""
    at = int(len(data) * part)
    other = (at + len(data) // 3) % max(1, len(data) - PAGE)
    return data[:at] + data[other : other + len(data[at : at + PAGE])] + data[at + PAGE :]


def text_page(data: bytes, part: float, _: np.random.Generator) -> bytes:
    """Overwrites a page with text, like a server's error message in the middle of a file."""
    at = int(len(data) * part)
    text = (b"<html>502 Bad Gateway</html>\r\n" * 200)[: len(data[at : at + PAGE])]
    return data[:at] + text + data[at + PAGE :]


DAMAGES: dict[str, Damage] = {
    damage.__name__: damage
    for damage in (
        cut,
        cut_and_closed,
        zero_tail,
        zero_page,
        random_page,
        missing_page,
        foreign_page,
        text_page,
    )
}


def damaged(data: bytes, parts: list[float], seed: int) -> Iterator[tuple[str, bytes]]:
    """Yields a name and a file for each kind of damage at each position."""
    for name, damage in DAMAGES.items():
        for part in parts:
            yield f"{name} at {part:.0%}", damage(data, part, np.random.default_rng(seed))
