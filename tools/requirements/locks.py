"""Checks that locks match pyproject.toml and each other: python -m tools.requirements.locks."""

import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tools.requirements.groups import ROOT, Groups, read_groups

PIN = re.compile(r"([\w.-]+)==([^\s;]+)(?: ; (.+?))?((?: +--hash=\w+:\w+)+)")


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned package.

    Attributes:
        name: normalised name of the package.
        version: its exact version.
        marker: environments that it is for; empty for all.
        hashes: of the files that may be installed.
    """

    name: str
    version: str
    marker: str
    hashes: frozenset[str]


def read_pins(text: str) -> frozenset[Pin]:
    """Returns the pins of a lock.

    Raises:
        ValueError: a line is neither a comment nor a pin with hashes.
    """
    pins = set()
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = PIN.fullmatch(line.rstrip())
        if match is None:
            raise ValueError(f"not a pin with hashes: {line}")
        name, version, marker, hashes = match.groups()
        pins.add(Pin(name, version, marker or "", frozenset(hashes.split())))
    return frozenset(pins)


def find_problems(root: Path = ROOT) -> list[str]:
    """Returns what is wrong with the locks of the project in `root`, one sentence each."""
    groups = read_groups(root)
    problems = [f"{path} belongs to no group" for path in _find_stray_locks(root, groups)]
    locks: dict[str, frozenset[Pin]] = {}
    for group in groups.by_name.values():
        path = root / group.lock
        if not path.is_file():
            problems.append(f"{group.lock} is missing")
            continue
        text = path.read_text("utf-8")
        if not text.startswith(group.first_line):
            problems.append(f"{group.lock} was not compiled from the group as it is now")
        try:
            locks[group.name] = read_pins(text)
        except ValueError as error:
            problems.append(f"{group.lock}: {error}")
    agreeing = {
        name: pins for name, pins in locks.items() if not groups.by_name[name].is_independent
    }
    return problems + _find_disagreements(agreeing)


def _find_stray_locks(root: Path, groups: Groups) -> list[Path]:
    known = {group.lock for group in groups.by_name.values()}
    found = (path.relative_to(root) for path in (root / "requirements").iterdir())
    return sorted(path for path in found if path not in known)


def _find_disagreements(locks: dict[str, frozenset[Pin]]) -> list[str]:
    """Finds packages whose versions or hashes differ between locks."""
    # By package, by its pinned version and hashes: the locks that pin exactly that.
    packages: dict[str, dict[frozenset[tuple[str, frozenset[str]]], list[str]]]
    packages = defaultdict(lambda: defaultdict(list))
    for lock, pins in locks.items():
        by_name: dict[str, set[tuple[str, frozenset[str]]]] = defaultdict(set)
        for pin in pins:
            by_name[pin.name].add((pin.version, pin.hashes))
        for name, pinned in by_name.items():
            packages[name][frozenset(pinned)].append(lock)
    problems = []
    for name, variants in sorted(packages.items()):
        if len(variants) > 1:
            told = "; ".join(
                f"{', '.join(sorted(version for version, _ in pinned))} in {', '.join(users)}"
                for pinned, users in variants.items()
            )
            problems.append(f"{name} differs between locks: {told}")
    return problems


def main() -> None:
    """Prints the problems and exits with 1 if there are any."""
    problems = find_problems()
    if problems:
        sys.exit("\n".join([*problems, "make lock compiles the locks."]))


if __name__ == "__main__":
    main()
