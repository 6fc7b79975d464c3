"""Runs a command that needs a Docker Engine: python -m tools.containers.docker_engine COMMAND...

Uses a running engine if there is one. Otherwise it starts one for the command, in its own process,
mount and network namespaces: its bridge, firewall rules, mounts and processes end with them, and
its folder is removed. That needs root; missing packages are installed on Debian.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.base_image import install, run

# Debian packages, keyed by the command they provide.
PROGRAMS = {"dockerd": "docker.io", "iptables": "iptables", "slirp4netns": "slirp4netns"}
START_TIMEOUT_S = 60
END_TIMEOUT_S = 5
CONTROL_GROUPS = Path("/sys/fs/cgroup")
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The child is killed together with its parent, even if that gets SIGKILL.
WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")
OWN_NAMESPACES = (
    *("unshare", "--mount", "--propagation", "private", "--net"),
    *("--pid", "--fork", "--kill-child", "--mount-proc"),
)
# The address of slirp4netns's DNS server.
NAME_SERVER = "10.0.2.3"


def answers() -> bool:
    """Returns whether an engine answers at DOCKER_HOST or at Docker's default address."""
    if not shutil.which("docker"):
        return False
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def install_engine() -> None:
    """Installs what our own engine needs.

    Raises:
        SystemExit: not root, or something is missing and there is no apt-get.
    """
    if os.geteuid() != 0:
        sys.exit("No Docker Engine answers. As root on Debian one is started for you.")
    install(PROGRAMS)
    # Since trixie the client is a separate package.
    install({"docker": "docker-cli"})


def run_beside_own_engine(command: list[str]) -> int:
    """Starts an engine, runs the command with it, and removes everything of the engine.

    Returns:
        The command's exit status.

    Raises:
        SystemExit: the engine did not start.
        KeyboardInterrupt: interrupted by SIGINT or SIGTERM; everything was removed.
    """
    with tempfile.TemporaryDirectory(prefix="docker-engine-", ignore_cleanup_errors=True) as folder:
        inside = [sys.executable, "-m", "tools.containers.docker_engine", "--inside", folder]
        box = subprocess.Popen(  # noqa: S603
            [*WITH_PARENT, *OWN_NAMESPACES, *inside, *command], stdin=subprocess.PIPE
        )
        first = None
        network = None
        try:
            first = _first_process(box)
            network = _connect(first)
            # The engine waits until its network is ready.
            box.communicate(b"\n")
        finally:
            for number in ENDINGS:
                signal.signal(number, signal.SIG_IGN)
            # The kernel kills all processes of a namespace when its first process ends; wait for
            # that.
            if first and box.poll() is None:
                os.kill(first, signal.SIGKILL)
            box.kill()
            box.wait()
            if network:
                network.kill()
                network.wait()
            remove_control_groups(Path(folder).name)
    return box.returncode


def remove_control_groups(name: str) -> None:
    """Removes the empty control groups of killed containers, which outlive the namespaces."""
    for top in (CONTROL_GROUPS / name, *CONTROL_GROUPS.glob(f"*/{name}")):
        for path, _, _ in os.walk(top, topdown=False):
            _remove_control_group(Path(path))


def _remove_control_group(path: Path) -> None:
    deadline = time.monotonic() + END_TIMEOUT_S
    while path.exists():
        try:
            path.rmdir()
        except OSError:
            # Busy until the last killed process is gone.
            if time.monotonic() > deadline:
                print(f"{path} could not be removed.", file=sys.stderr)
                return
            time.sleep(0.05)


def _first_process(box: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{box.pid}/task/{box.pid}/children")
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and box.poll() is None:
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.01)
    sys.exit("No Docker Engine could be started: this machine does not allow new namespaces.")


def _connect(first: int) -> subprocess.Popen[bytes]:
    """Connects a process's network namespace to the outside, without changing this one's."""
    ready, is_ready = os.pipe()
    options = ["--configure", "--disable-host-loopback", f"--ready-fd={is_ready}"]
    network = subprocess.Popen(  # noqa: S603
        [*WITH_PARENT, "slirp4netns", *options, str(first), "tap0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[is_ready],
    )
    os.close(is_ready)
    with open(ready, "rb") as pipe:  # noqa: PTH123 - a descriptor has no path
        if not pipe.read(1):
            reason = network.communicate()[1].decode(errors="replace").strip()
            sys.exit(f"No Docker Engine could be started, because slirp4netns failed: {reason}")
    return network


def run_inside(folder: Path, command: list[str]) -> int:
    """Starts the engine in the namespaces of this process, and runs the command.

    Args:
        folder: the folder of everything that the engine writes.
        command: finds the engine through DOCKER_HOST.

    Raises:
        SystemExit: the engine did not start; the end of its log is printed.
    """
    if not sys.stdin.readline():
        return 1
    _shelter(folder, "/etc", "/run")
    name_server = folder / "resolv.conf"
    name_server.write_text(f"nameserver {NAME_SERVER}\n")
    run("mount", "--bind", str(name_server), str(Path("/etc/resolv.conf").resolve()))
    log = folder / "log"
    address = f"unix://{folder}/socket"
    # Docker chooses the storage driver: overlay2 if the disk allows it, otherwise vfs.
    options = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    # The service manager does not know about these namespaces.
    options += ["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", folder.name]
    with log.open("wb") as file:
        engine = subprocess.Popen(  # noqa: S603
            ["dockerd", *options, "--host", address, "--pidfile", f"{folder}/pid"],  # noqa: S607
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            # Ctrl-C is meant for the command; the engine must run until the command has ended.
            start_new_session=True,
        )
    os.environ["DOCKER_HOST"] = address
    # A Docker context would take precedence over DOCKER_HOST.
    os.environ.pop("DOCKER_CONTEXT", None)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not answers():
        if engine.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"The Docker Engine did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603


def _shelter(folder: Path, *places: str) -> None:
    """Redirects writes to system folders to memory, because an engine writes its keys to /etc."""
    memory = folder / "memory"
    memory.mkdir()
    run("mount", "-t", "tmpfs", "tmpfs", str(memory))
    for place in places:
        upper, work = memory / f"{place}/upper".lstrip("/"), memory / f"{place}/work".lstrip("/")
        upper.mkdir(parents=True)
        work.mkdir()
        layers = f"lowerdir={place},upperdir={upper},workdir={work}"
        run("mount", "-t", "overlay", "-o", layers, "overlay", place)


def main() -> None:
    """Runs the command and exits with its status."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--inside"]:
        sys.exit(run_inside(Path(arguments[1]), arguments[2:]))
    if not arguments:
        sys.exit("Which command? python -m tools.containers.docker_engine COMMAND...")
    if not answers():
        install_engine()
    # With a service manager, installing the package has started an engine.
    if answers():
        os.execvp(arguments[0], arguments)  # noqa: S606
    # A shell's background job ignores SIGINT, but the engine must always be removed.
    for number in ENDINGS:
        # nohup asks to ignore SIGHUP.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(run_beside_own_engine(arguments))
    except KeyboardInterrupt:
        print("Interrupted; the engine and its folder are gone.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
