"""The plain Debian of tools.base_image as a Docker image, and its removal.

python -m tools.containers.docker_base makes its archive. That may install debootstrap, so it must
not run beside our own engine, where changes to /etc are lost.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.base_image import ARCHIVE, PATH, make_archive, run

NAME = "face-test-base:latest"
# Variables that point pip, npm, OpenSSL and requests to a CA bundle.
CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
CA_FILE = "/usr/local/share/test-ca.crt"


def find_ca_file() -> Path | None:
    """Returns the CA bundle that this machine's package clients use; None if there is none."""
    told = [os.environ.get(name, "") for name in CA_VARIABLES]
    # `pip config get` ignores the file named by PIP_CONFIG_FILE.
    settings = run(sys.executable, "-m", "pip", "config", "list")
    told += re.findall(r"^(?:global|download|install)\.cert='(.*)'$", settings, re.MULTILINE)
    paths = [Path(path) for path in told if path]
    return next((path for path in paths if path.is_file()), None)


def import_base() -> str:
    """Imports the image from the archive again; returns its name.

    If this machine has its own CA bundle, for example behind a proxy that inspects TLS, it is
    copied into the image; otherwise pip and npm could not fetch anything in a build.
    """
    run("docker", "import", "--change", f"ENV PATH={PATH}", str(ARCHIVE), NAME)
    if ca_file := find_ca_file():
        variables = " ".join(f"{name}={CA_FILE}" for name in CA_VARIABLES)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(ca_file, f"{folder}/ca.crt")
            Path(folder, "Dockerfile").write_text(
                f"FROM {NAME}\nCOPY ca.crt {CA_FILE}\nENV {variables}\n"
            )
            run("docker", "build", "--quiet", "--tag", NAME, folder)
    return NAME


def remove_descendants(name: str = NAME) -> None:
    """Removes an image, all images built on it and their containers, and nothing else.

    Args:
        name: an image whose lowest layer is not shared, as is true for an imported one.
    """
    containers = run("docker", "ps", "--all", "--quiet", "--filter", f"ancestor={name}").split()
    if containers:
        run("docker", "rm", "--force", "--volumes", *containers)
    root = layers_of(name)[0]
    listed = set(run("docker", "images", "--all", "--quiet", "--no-trunc").split())
    ours = {image for image in listed if layers_of(image)[:1] == [root]}
    # A parent can be removed only after its children.
    while ours:
        removed = {image for image in ours if _remove(image)}
        if not removed:
            raise RuntimeError(f"Docker does not remove {sorted(ours)}")
        ours = {image for image in ours - removed if layers_of(image)}


def layers_of(image: str) -> list[str]:
    """Returns the digests of an image's layers, lowest first; empty if there is no image."""
    done = subprocess.run(  # noqa: S603
        ["docker", "image", "inspect", "--format", "{{json .RootFS.Layers}}", image],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    layers: list[str] = json.loads(done.stdout.strip() or "[]")
    return layers


def _remove(image: str) -> bool:
    command = ["docker", "image", "rm", "--force", image]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


if __name__ == "__main__":
    make_archive()
