"""Proves that a run of the tests leaves the machine as it was.

The tests and their children get a home and a folder for temporary files of their own; what is left
there by the end was forgotten. Modes and owners of what lies in the root, the home, the folder of
temporary files and the clone are compared before and after, and the names of all but the temporary
files: other programs make and remove those all the time.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.paths import ROOT

# In the clone: what README.md says that the tests make, and what has commands of its own.
MADE = ("__pycache__", ".coverage", ".hypothesis", ".pytest_cache", "weights")
NOT_OURS = (
    ".git",
    ".venv",
    ".mypy_cache",
    ".ruff_cache",
    ".import_linter_cache",
    ".images",
    "results",
)

# Inode, mode, user and group, by path.
State: TypeAlias = dict[str, tuple[int, int, int, int]]
# Among the temporary files: pytest sets the mode of its folder itself.
PYTEST = "pytest-of-"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and how much of it is compared."""

    folder: Path
    is_deep: bool = False
    has_fixed_names: bool = True

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """Returns what is in the folder, and below it where that is compared, too."""
        folders = [self.folder]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith((*MADE, *NOT_OURS) if self.is_deep else PYTEST):
                        continue
                    yield entry
                    if self.is_deep and entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))

    def state(self) -> State:
        """Returns the state of the folder, of its entries and of the folders above."""
        state = {str(path): _status(path.stat()) for path in (self.folder, *self.folder.parents)}
        for entry in self.entries():
            try:
                state[entry.path] = _status(entry.stat(follow_symlinks=False))
            except OSError:
                # Another program has just removed it, or it is the mount of another user.
                continue
        return state

    def find_changes(self, before: State) -> list[str]:
        """Returns a sentence for each difference between an earlier state and that of now."""
        after = self.state()
        changes = []
        for path in sorted(before.keys() & after.keys()):
            (old_inode, *old), (new_inode, *new) = before[path], after[path]
            # A name that other programs use again and again is not the same thing.
            if old != new and (self.has_fixed_names or old_inode == new_inode):
                changes.append(f"{path}: {_describe(*old)} before, {_describe(*new)} after")
        if self.has_fixed_names:
            changes += [f"{path}: new" for path in _topmost(after.keys() - before.keys())]
            changes += [f"{path}: gone" for path in _topmost(before.keys() - after.keys())]
        return changes


def _topmost(paths: set[str]) -> list[str]:
    """Returns the paths that lie below none of the others."""
    return [path for path in paths if str(Path(path).parent) not in paths]


def _status(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_ino, status.st_mode, status.st_uid, status.st_gid


def _describe(mode: int, user: int, group: int) -> str:
    return f"{stat.filemode(mode)} of {user}:{group}"


@dataclass
class MachineGuard:
    """A plugin of pytest that fails a run which has changed the machine."""

    places: list[Place]
    changes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._before = [place.state() for place in self.places]
        self._own = Path(tempfile.mkdtemp(prefix="face-tests-"))
        self._variables = {
            "HOME": str(self._own / "home"),
            "TMPDIR": str(self._own / "tmp"),
            # Those of the tests' own folders that failed are kept where pytest always keeps them.
            "PYTEST_DEBUG_TEMPROOT": tempfile.gettempdir(),
        }
        self._replaced = {name: os.environ.get(name) for name in self._variables}
        for name in ("home", "tmp"):
            (self._own / name).mkdir()
        os.environ.update(self._variables)
        tempfile.tempdir = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compares, once everything that tests share is gone."""
        left = sorted((self._own / "tmp").iterdir())
        self.changes += [f"{path.name}: left in the folder of temporary files" for path in left]
        for place, before in zip(self.places, self._before, strict=True):
            self.changes += place.find_changes(before)
        # The folders above are those of several places.
        self.changes = sorted(set(self.changes))
        if self.changes and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Names the changes."""
        if self.changes:
            terminalreporter.section("the machine is not as it was", red=True)
            for change in self.changes:
                terminalreporter.write_line(change)

    def pytest_unconfigure(self) -> None:
        """Restores the environment."""
        shutil.rmtree(self._own)
        for name, value in self._replaced.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tempfile.tempdir = None


def watched_places() -> list[Place]:
    """Returns the places of this machine that no test may change."""
    places = [
        Place(Path("/")),
        Place(Path(tempfile.gettempdir()), has_fixed_names=False),
        Place(ROOT, is_deep=True),
    ]
    home = os.environ.get("HOME")
    if home and Path(home).is_dir():
        places.append(Place(Path(home)))
    return places
