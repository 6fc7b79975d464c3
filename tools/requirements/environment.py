"""Makes virtual environments match a lock: python -m tools.requirements.environment .venv dev.

It runs before anything is installed, with the standard library only.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from tools.requirements.groups import (
    ROOT,
    Group,
    read_commands,
    read_groups,
    read_import_folders,
)
from tools.requirements.locks import read_pins

# A copy of the lock that an environment was made from.
COPY = "installed.txt"
PTH = "project.pth"
# Finds its environment by itself, so a clone may be moved and the command linked to from elsewhere.
# -P: nothing in the current folder is taken for a package.
SCRIPT = """#!/bin/sh
exec "$(dirname -- "$(realpath -- "$0")")/python" -P -m {module} "$@"
"""
INSTALL = (
    *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
    *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
)


def synchronise(folder: Path, group: Group, groups: dict[str, Group], root: Path = ROOT) -> None:
    """Makes an environment hold what a group's lock pins, and nothing of an older lock.

    An environment that was made from a larger group stays one of that group. It is only added to
    where the lock has all that is installed; else it is made anew.

    Args:
        folder: the virtual environment. It need not exist.
        group: what the environment is needed for.
        groups: all groups, by name.
        root: the project.

    Raises:
        subprocess.CalledProcessError: venv or pip failed. The next call starts anew.
    """
    python = folder / "bin" / "python"
    packages = _find_packages(folder)
    copy = folder / COPY
    # Made anew, too, where its interpreter was uninstalled or has another version than this one.
    is_usable = copy.is_file() and python.exists() and packages.is_dir()
    installed = copy.read_text("utf-8") if is_usable else ""
    lock = root / _choose(installed, group, groups, root).lock
    wanted = lock.read_text("utf-8")
    if wanted != installed:
        copy.unlink(missing_ok=True)
        if not installed or not read_pins(installed) <= read_pins(wanted):
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)  # noqa: S603
        subprocess.run([python, *INSTALL, "--requirement", lock], check=True)  # noqa: S603
        copy.write_text(wanted, "utf-8")
    # Relative paths, so a clone may be moved. Python skips folders that do not exist.
    paths = [os.path.relpath(root / path, packages) + "\n" for path in read_import_folders(root)]
    (packages / PTH).write_text("".join(paths), "utf-8")
    names = {pin.name for pin in read_pins(wanted)}
    for command in read_commands(root):
        needed = read_pins((root / groups[command.group].lock).read_text("utf-8"))
        if {pin.name for pin in needed} <= names:
            script = folder / "bin" / command.name
            script.write_text(SCRIPT.format(module=command.module), "utf-8")
            script.chmod(0o755)


def _choose(installed: str, group: Group, groups: dict[str, Group], root: Path) -> Group:
    """Returns the group that the environment was made for if its lock has all of `group`'s."""
    name = installed.partition(":")[0].removeprefix("# ")
    present = groups.get(name, group)
    pins, needed = (read_pins((root / each.lock).read_text("utf-8")) for each in (present, group))
    return present if needed <= pins else group


def _find_packages(folder: Path) -> Path:
    """Returns where an environment of this Python version keeps its packages."""
    base = str(folder.absolute())
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": base, "platbase": base}))


def main() -> None:
    """Synchronises one environment."""
    parser = argparse.ArgumentParser(description="Makes a virtual environment match a lock.")
    parser.add_argument("folder", type=Path, help="the virtual environment")
    parser.add_argument("group", help="dependency group of pyproject.toml")
    arguments = parser.parse_args()
    groups = read_groups().by_name
    try:
        synchronise(arguments.folder, groups[arguments.group], groups)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{arguments.folder} could not be made: {error}")


if __name__ == "__main__":
    main()
