"""Dependency groups of pyproject.toml, as PEP 735 defines them."""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Group:
    """A dependency group.

    Attributes:
        name: as in pyproject.toml.
        requirements: all of its requirements, those of included groups too.
        excluded: packages that are never installed, though others depend on them.
        lock: its lock, relative to the project.
        is_independent: other locks may pin other versions.
    """

    name: str
    requirements: tuple[str, ...]
    excluded: tuple[str, ...]
    lock: Path
    is_independent: bool

    @property
    def first_line(self) -> str:
        """First line of the lock: the group's name and a digest of what the lock is made from."""
        inputs = [sorted(self.requirements), sorted(self.excluded)]
        digest = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
        return f"# {self.name}: inputs sha256:{digest}\n"


@dataclass(frozen=True, slots=True)
class Groups:
    """All dependency groups.

    Attributes:
        master: name of the group that constrains all others but the independent ones.
        by_name: the groups, the master first.
    """

    master: str
    by_name: dict[str, Group]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the project.

    Attributes:
        name: what people type.
        module: what it runs.
        group: the dependency group that it needs.
    """

    name: str
    module: str
    group: str


def read_groups(root: Path = ROOT) -> Groups:
    """Returns the groups of the project in `root`.

    Raises:
        ValueError: a group is unknown, or includes itself.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    tables = {_normalise(name): entries for name, entries in project["dependency-groups"].items()}
    locks = project["tool"]["locks"]
    paths = locks.get("paths", {})
    master = locks["master"]
    groups = {
        name: Group(
            name=name,
            requirements=tuple(dict.fromkeys(_resolve(tables, name, ()))),
            excluded=tuple(
                package
                for rule in locks.get("excluded", ())
                if name in rule.get("groups", (name,))
                for package in rule["packages"]
            ),
            lock=Path(paths.get(name, f"requirements/{name}.txt")),
            is_independent=name in locks["independent"],
        )
        for name in sorted(tables, key=lambda name: (name != master, name))
    }
    return Groups(master, groups)


def read_import_folders(root: Path = ROOT) -> list[str]:
    """Returns the folders that the project's packages are imported from, relative to `root`."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    folders: list[str] = project["tool"]["ruff"]["src"]
    return folders


def read_commands(root: Path = ROOT) -> list[Command]:
    """Returns the commands of the project in `root`."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    tables = project["tool"].get("commands", {})
    return [Command(name, table["module"], table["group"]) for name, table in tables.items()]


def _resolve(tables: dict[str, list[Any]], name: str, path: tuple[str, ...]) -> list[str]:
    if name not in tables:
        raise ValueError(f"there is no dependency group {name!r}")
    if name in path:
        raise ValueError(f"dependency group {name!r} includes itself")
    requirements = []
    for entry in tables[name]:
        if isinstance(entry, str):
            requirements.append(entry)
        else:
            included = _normalise(entry["include-group"])
            requirements += _resolve(tables, included, (*path, name))
    return requirements


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
