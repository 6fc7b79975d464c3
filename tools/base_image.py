"""A plain Debian with Python 3.13 to replace AWS's base image: python -m tools.base_image.

Used to try the Dockerfiles where AWS's registry or a Docker engine is missing. Made once by
debootstrap, which needs root, and kept as an archive.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

NAME = "localhost/python-trixie"
ARCHIVE = Path(".images/python-trixie.tar")
# trixie has Python 3.13, the same version as Lambda.
PACKAGES = "python3,python3-venv,ca-certificates"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(*command: str) -> str:
    """Runs a command and returns its stripped stdout.

    Raises:
        subprocess.CalledProcessError: the command failed; its stderr was printed.
    """
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return done.stdout.strip()


def install(packages: Mapping[str, str]) -> None:
    """Installs missing programs.

    Args:
        packages: Debian packages, keyed by the program they provide.

    Raises:
        SystemExit: not root, or not on Debian; the message names the missing packages.
    """
    missing = sorted({package for name, package in packages.items() if not shutil.which(name)})
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"Needed: {', '.join(missing)}. As root on Debian they are installed for you.")
    run("apt-get", "update", "--quiet")
    run("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *missing)


def make_archive() -> None:
    """Bootstraps Debian into the archive if it is missing; an interrupted run leaves no archive."""
    if ARCHIVE.exists():
        return
    install({"debootstrap": "debootstrap"})
    ARCHIVE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ARCHIVE.parent) as folder:
        root, part = f"{folder}/root", f"{folder}/archive"
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "trixie", root)
        left_out = ["var/cache/apt/archives", "var/lib/apt/lists", "dev"]
        run("tar", "-C", root, *(f"--exclude=./{name}/*" for name in left_out), "-cf", part, ".")
        Path(part).replace(ARCHIVE)


def make_base_image() -> str:
    """Makes the image if it is missing; returns its name."""
    install({"buildah": "buildah"})
    if not run("buildah", "images", "--quiet", "--filter", f"reference={NAME}"):
        make_archive()
        container = run("buildah", "from", "scratch")
        run("buildah", "add", "--quiet", container, str(ARCHIVE), "/")
        run("buildah", "config", "--env", f"PATH={PATH}", container)
        run("buildah", "commit", "--quiet", "--rm", container, NAME)
    return NAME


if __name__ == "__main__":
    print(make_base_image())
