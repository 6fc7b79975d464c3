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

# Image tag: folder of the Dockerfile, and target stage; None is the last stage, the function.
IMAGES = {
    "face-extract": ("extract", None),
    "face-compare": ("compare", None),
    "face-local": ("extract", "local"),
}
BUILDERS = ("docker", "buildah")
# Settings of package clients behind a proxy, which a build in a chroot needs too.
CLIENT_FILES = ("/etc/ssl/certs", "/etc/pip.conf", "/root/.npmrc")


def source_of(folder: Path = Path()) -> dict[str, str]:
    """Returns the public address of the repository and the revision, from git.

    An address that is a path, or contains credentials, is replaced by "".
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
        base_image: replaces AWS's base image.
        builder: "docker" or "buildah".

    Raises:
        subprocess.CalledProcessError: a build failed; its output was printed.
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
    """Returns buildah's options: no privileges other than root's, and cached layers."""
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
    """Returns the builder that works here. Docker's client without an engine does not count."""
    if answers():
        return "docker"
    return "buildah" if shutil.which("buildah") else None


def main() -> None:
    """Builds the images, or reports what is missing."""
    parser = argparse.ArgumentParser(description="Builds the images.")
    parser.add_argument("--model", required=True, help="key of the catalogue")
    parser.add_argument("--base-image", help="replaces AWS's base image")
    parser.add_argument(
        "--builder",
        choices=BUILDERS,
        help="default: docker, or buildah if no Docker Engine answers",
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
