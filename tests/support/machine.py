"""Checks that a test run leaves the machine unchanged.

The tests and their child processes get their own home and temporary folder; files left there at the
end fail the run. Modes and owners in the root, the home, the temporary folder and the clone are
compared before and after. So are names, except in the temporary folder, where other programs create
and remove files all the time.
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

# Paths in the clone that CONTRIBUTING.md says the tests create, or that have their own commands.
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
# In the temporary folder: pytest sets the mode of its own folder.
PYTEST = "pytest-of-"


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder, and which parts of it are compared."""

    folder: Path
    is_deep: bool = False
    has_fixed_names: bool = True

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """Returns the entries of the folder; of its subfolders too, if `is_deep`."""
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
        """Returns the state of the folder, its entries and its parents."""
        state = {str(path): _status(path.stat()) for path in (self.folder, *self.folder.parents)}
        for entry in self.entries():
            try:
                state[entry.path] = _status(entry.stat(follow_symlinks=False))
            except OSError:
                # Another program has just removed the entry, or it is another user's mount.
                continue
        return state

    def find_changes(self, before: State) -> list[str]:
        """Returns one line for each difference between an earlier state and the current one."""
        after = self.state()
        changes = []
        for path in sorted(before.keys() & after.keys()):
            (old_inode, *old), (new_inode, *new) = before[path], after[path]
            # Other programs reuse names; a new inode is another file.
            if old != new and (self.has_fixed_names or old_inode == new_inode):
                changes.append(f"{path}: {_describe(*old)} before, {_describe(*new)} after")
        if self.has_fixed_names:
            changes += [f"{path}: new" for path in _topmost(after.keys() - before.keys())]
            changes += [f"{path}: gone" for path in _topmost(before.keys() - after.keys())]
        return changes


def _topmost(paths: set[str]) -> list[str]:
    """Returns the paths that are not below another of the paths."""
    return [path for path in paths if str(Path(path).parent) not in paths]


def _status(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_ino, status.st_mode, status.st_uid, status.st_gid


def _describe(mode: int, user: int, group: int) -> str:
    return f"{stat.filemode(mode)} of {user}:{group}"


@dataclass
class MachineGuard:
    """A pytest plugin that fails a run which has changed the machine."""

    folders: list[WatchedFolder]
    changes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._before = [folder.state() for folder in self.folders]
        self._own = Path(tempfile.mkdtemp(prefix="face-tests-"))
        self._variables = {
            "HOME": str(self._own / "home"),
            "TMPDIR": str(self._own / "tmp"),
            # pytest keeps the folders of failed tests in its usual place.
            "PYTEST_DEBUG_TEMPROOT": tempfile.gettempdir(),
        }
        self._replaced = {name: os.environ.get(name) for name in self._variables}
        for name in ("home", "tmp"):
            (self._own / name).mkdir()
        os.environ.update(self._variables)
        tempfile.tempdir = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compares after all session fixtures have ended."""
        left = sorted((self._own / "tmp").iterdir())
        self.changes += [f"{path.name}: left in the folder of temporary files" for path in left]
        for folder, before in zip(self.folders, self._before, strict=True):
            self.changes += folder.find_changes(before)
        # Several watched folders share parents.
        self.changes = sorted(set(self.changes))
        if self.changes and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Lists the changes."""
        if self.changes:
            terminalreporter.section("the machine is not as it was", red=True)
            for change in self.changes:
                terminalreporter.write_line(change)

    def pytest_unconfigure(self) -> None:
        """Restores the environment variables."""
        shutil.rmtree(self._own)
        for name, value in self._replaced.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tempfile.tempdir = None


def watched_folders() -> list[WatchedFolder]:
    """Returns the folders of this machine that tests must not change."""
    folders = [
        WatchedFolder(Path("/")),
        WatchedFolder(Path(tempfile.gettempdir()), has_fixed_names=False),
        WatchedFolder(ROOT, is_deep=True),
    ]
    home = os.environ.get("HOME")
    if home and Path(home).is_dir():
        folders.append(WatchedFolder(Path(home)))
    return folders
