"""Compiles every dependency group to a lock: python -m tools.requirements.compile."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.requirements.groups import ROOT, Group, read_groups

OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    # No address of a registry and no path of this machine.
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
)


def compile_lock(group: Group, constraint: Path | None, uv: Path, *, upgrade: bool) -> None:
    """Writes the lock of a group. Versions in the present lock are kept where they can be.

    Args:
        group: what to compile.
        constraint: a lock whose versions this one must have, relative to the project.
        uv: the program.
        upgrade: prefer the newest versions to those of the present lock.

    Raises:
        subprocess.CalledProcessError: uv found no solution. The lock is unchanged.
    """
    lock = ROOT / group.lock
    with tempfile.TemporaryDirectory() as folder:
        overrides = Path(folder) / "overrides.txt"
        # Markers that are never true.
        overrides.write_text("".join(f"{name} ; python_version < '3'\n" for name in group.excluded))
        command = [str(uv), "pip", "compile", "--quiet", *OPTIONS, "--override", str(overrides)]
        command += ["--group", f"pyproject.toml:{group.name}", "--output-file", str(group.lock)]
        command += ["--constraint", str(constraint)] if constraint else []
        command += ["--upgrade"] if upgrade else []
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603
    lock.write_text(group.first_line + lock.read_text("utf-8"), "utf-8")


def main() -> None:
    """Compiles the master first, then the others."""
    parser = argparse.ArgumentParser(description="Compiles the dependency groups to locks.")
    parser.add_argument("--upgrade", action="store_true", help="to the newest versions")
    arguments = parser.parse_args()
    groups = read_groups()
    master = groups.by_name[groups.master]
    uv = Path(sys.executable).with_name("uv")
    for group in groups.by_name.values():
        is_constrained = group is not master and not group.is_independent
        print(f"compiling {group.lock}", flush=True)
        try:
            constraint = master.lock if is_constrained else None
            compile_lock(group, constraint, uv, upgrade=arguments.upgrade)
        except subprocess.CalledProcessError:
            sys.exit(f"{group.lock} could not be compiled.")


if __name__ == "__main__":
    main()
