"""Mounts an image's file system, and runs commands in it as Lambda does."""

import json
from pathlib import Path
from typing import Any

from tools.base_image import run
from tools.lambda_pool import Environment, find_emulator

# The root is mounted read-only; the script gets its arguments as $0, $1 ... Only /tmp is writable,
# and the user is nobody. The archive of the base has no /dev, so one is made with three devices and
# nothing that can write to disk.
SCRIPT = """
root=$0 tools=$1 folder=$2
shift 2
mkdir -p "$root/dev"
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero urandom; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
mount --bind "$tools" "$root/mnt"
exec chroot --userspec=65534:65534 "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""


class MountedImage:
    """A mounted container of an image built by buildah; removed by `close`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._container = run("buildah", "from", "--pull-never", name)
        self.root = Path(run("buildah", "mount", self._container))
        self.config: dict[str, Any] = json.loads(
            run("buildah", "inspect", "--type", "image", name)
        )["OCIv1"]["config"]

    def close(self) -> None:
        """Removes the container."""
        run("buildah", "rm", self._container)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that the image sets."""
        return dict(entry.split("=", 1) for entry in self.config.get("Env", []))

    def launcher(self) -> list[str]:
        """Returns a command prefix to run a command in the image as nobody, with a read-only root.

        The folder of Lambda's emulator is mounted at /mnt.
        """
        folder = self.config.get("WorkingDir") or "/"
        tools = str(find_emulator().parent)
        return [
            *("unshare", "--mount", "--propagation", "private"),
            *("sh", "-euc", SCRIPT, str(self.root), tools, folder),
        ]

    def start_environment(self, handler: str | None = None, **variables: str) -> Environment:
        """Starts an execution environment with the image's own entry point.

        Args:
            handler: its command; by default the image's own.
            variables: environment variables, in addition to the image's.
        """
        (own,) = self.config["Cmd"]
        return Environment(
            handler or own,
            {**self.variables, **variables},
            python_path="",
            launcher=self.launcher(),
            emulator=f"/mnt/{find_emulator().name}",
            runtime=self.config["Entrypoint"],
        )
