"""Builds the images with Docker or buildah: python -m tools.build_images --model arcface."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from face_contract import __version__
from tools.containers.docker_engine import answers

# Tag → Dockerfile's folder and target; the last stage is the function.
IMAGES = {
    "face-extract": ("extract", None),
    "face-compare": ("compare", None),
    "face-local": ("extract", "local"),
}
BUILDERS = ("docker", "buildah")
# What a machine behind a proxy tells its package clients; a build in a chroot needs it too.
CLIENT_FILES = ("/etc/ssl/certs", "/etc/pip.conf", "/root/.npmrc")


def source_of(folder: Path = Path()) -> dict[str, str]:
    """Returns where the code is kept and at which revision, as far as git knows.

    Only a public address is told: a path, or one with a name and password in it, stays here.
    """

    def git(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    address = git("config", "--get", "remote.origin.url")
    is_public = re.fullmatch(r"https://[^@\s]+|git@[^:\s]+:[^\s]+", address)
    return {"SOURCE": address if is_public else "", "REVISION": git("rev-parse", "HEAD")}


def build_images(model: str, base_image: str | None, builder: str) -> None:
    """Builds all images.

    Args:
        model: key of the catalogue.
        base_image: instead of AWS's.
        builder: "docker" or "buildah".

    Raises:
        subprocess.CalledProcessError: a build failed; its own words were printed.
    """
    arguments = {"FACE_MODEL": model, "VERSION": __version__, **source_of()}
    if base_image:
        arguments["BASE_IMAGE"] = base_image
    with ExitStack() as stack:
        options = ["--quiet"] if builder == "docker" else buildah_options(stack)
        for tag, (folder, target) in IMAGES.items():
            command = [builder, "build", *options, "--tag", tag]
            command += ["--file", f"functions/{folder}/Dockerfile"]
            command += ["--target", target] if target else []
            for name, value in arguments.items():
                if not (folder == "compare" and name == "FACE_MODEL"):
                    command += ["--build-arg", f"{name}={value}"]
            print(f"building {tag}", flush=True)
            subprocess.run([*command, "."], check=True)  # noqa: S603


def buildah_options(stack: ExitStack) -> list[str]:
    """Returns how buildah works without any privilege but root's, and keeps its layers."""
    options = ["--isolation=chroot", "--network=host", "--layers"]
    for path in CLIENT_FILES:
        if os.environ.get("SSL_CERT_FILE") and path.endswith(".npmrc"):
            npmrc = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "npmrc"
            npmrc.write_text(f"cafile={os.environ['SSL_CERT_FILE']}\n")
            options += ["--volume", f"{npmrc}:{path}:ro"]
        elif Path(path).exists():
            options += ["--volume", f"{path}:{path}:ro"]
    return options


def find_builder() -> str | None:
    """Returns the builder that works here: Docker's client alone, without an engine, does not."""
    if answers():
        return "docker"
    return "buildah" if shutil.which("buildah") else None


def main() -> None:
    """Builds, or says what is missing."""
    parser = argparse.ArgumentParser(description="Builds the images.")
    parser.add_argument("--model", required=True, help="key of the catalogue")
    parser.add_argument("--base-image", help="instead of AWS's")
    parser.add_argument(
        "--builder", choices=BUILDERS, help="by default docker, or buildah where no engine answers"
    )
    arguments = parser.parse_args()
    builder = arguments.builder or find_builder()
    if builder is None:
        sys.exit("No Docker Engine answers, and buildah is not installed.")
    try:
        build_images(arguments.model, arguments.base_image, builder)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{builder} failed with status {error.returncode}.")


if __name__ == "__main__":
    main()
