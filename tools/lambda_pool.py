"""Execution environments of Lambda on this machine: AWS's own emulator and runtime client.

Each emulator process is one execution environment. It takes one event at a time (a second one would
crash it), so a pool hands out idle environments, the most recently used first.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EMULATOR = Path("samcli/local/rapid/aws-lambda-rie-x86_64")
INVOCATION_PATH = "/2015-03-31/functions/function/invocations"
# Lambda's limit for a request and for a response.
MAX_PAYLOAD_BYTES = 6_291_556
START_TIMEOUT_S = 10


class Busy(Exception):
    """No execution environment is idle: Lambda's TooManyRequestsException."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of an invocation: its payload, and whether the function failed."""

    payload: bytes
    failed: bool

    def json(self) -> Any:
        """Returns the payload, parsed as JSON."""
        return json.loads(self.payload)


def find_emulator() -> Path:
    """Returns the path of the emulator that aws-sam-cli contains.

    Raises:
        FileNotFoundError: aws-sam-cli is not installed; the message says how to install it.
    """
    for site in sorted(ROOT.glob(".venv-sam/lib/python*/site-packages")):
        if (site / EMULATOR).exists():
            return site / EMULATOR
    raise FileNotFoundError("Lambda's emulator is missing; `make venv-sam` brings it.")


def free_port() -> int:
    """Returns a free port of the loopback interface."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Environment:
    """One execution environment. Its first event initialises the function."""

    def __init__(
        self,
        handler: str,
        variables: Mapping[str, str],
        *,
        timeout_s: int = 30,
        folder: Path = ROOT,
        python_path: str | None = None,
        launcher: Sequence[str] = (),
        emulator: str | None = None,
        runtime: Sequence[str] | None = None,
    ) -> None:
        """Starts the emulator.

        Args:
            handler: in Lambda's notation: "functions.extract.handler.handler".
            variables: the function's whole environment; nothing is inherited.
            timeout_s: the function's timeout, in seconds.
            folder: root of the function's code.
            python_path: folders of code instead of the project's, which is then not imported from.
            launcher: command that runs the emulator, in an image for example.
            emulator: its path there; this machine's by default.
            runtime: command that runs the runtime client; this interpreter's by default.
        """
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="lambda-")
        self._log = Path(self._folder.name) / "log"
        if runtime is None:
            runtime = (sys.executable, "-m", "awslambdaric")
            if python_path is not None:
                # Installed packages, but not the project's folders that a .pth file adds to them.
                runtime = (sys.executable, "-S", "-m", "awslambdaric")
                python_path = os.pathsep.join((python_path, sysconfig.get_path("purelib")))
        self._variables = {
            "PYTHONPATH": python_path or "",
            "PATH": os.environ["PATH"],
            # In an image this is the image's /tmp.
            "HOME": "/tmp" if launcher else self._folder.name,  # noqa: S108
            "AWS_LAMBDA_FUNCTION_NAME": handler.split(".")[-3] if handler.count(".") > 1 else "zip",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s),
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            **variables,
        }
        command = [*launcher, emulator or str(find_emulator())]
        command += ["--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{free_port()}"]
        command += [*runtime, handler]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                env=self._variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_up()
        except BaseException:
            # Also for an interrupt: nothing else could stop the emulator yet.
            self.stop()
            raise

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the emulator did not start: {self.log()}") from None
                time.sleep(0.005)
            else:
                return

    def invoke(self, payload: bytes, timeout_s: float = 60) -> Answer:
        """Sends an event and waits for the answer.

        Raises:
            OSError, http.client.HTTPException: the environment has ended.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request("POST", INVOCATION_PATH, payload)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        return Answer(body, failed=response.status != http.HTTPStatus.OK or _is_failure(body))

    def log(self) -> str:
        """Returns the output of the emulator and the function."""
        return self._log.read_text("utf-8", "replace")

    def stop(self) -> None:
        """Stops the emulator and the function."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(10)
        self._folder.cleanup()


def _is_failure(body: bytes) -> bool:
    # The emulator answers 200 where Lambda sets X-Amz-Function-Error. A timeout is plain text; an
    # exception is a JSON object with these keys.
    try:
        content = json.loads(body)
    except ValueError:
        return True
    return isinstance(content, dict) and {"errorType", "errorMessage"} <= content.keys()


class Pool:
    """Execution environments of one function."""

    def __init__(self, environments: list[Environment]) -> None:
        self.environments = environments
        self._idle = list(environments)
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(len(environments))

    def invoke(self, payload: bytes, timeout_s: float = 60) -> Answer:
        """Sends an event to an idle environment, the most recently used first.

        Raises:
            Busy: no environment is idle.
            TimeoutError: there is no answer in time; the environment stays busy until it has one.
            OSError, http.client.HTTPException: the environment has ended.
        """
        with self._lock:
            if not self._idle:
                raise Busy
            environment = self._idle.pop()
        return self._threads.submit(self._run, environment, payload).result(timeout_s)

    def _run(self, environment: Environment, payload: bytes) -> Answer:
        try:
            return environment.invoke(payload)
        finally:
            with self._lock:
                self._idle.append(environment)

    def stop(self) -> None:
        """Stops all environments."""
        for environment in self.environments:
            environment.stop()
        self._threads.shutdown()


# The values of template.yaml.
VARIABLES = {
    "extract": {"MAX_BODY_BYTES": "6225920", "MAX_ANSWER_BYTES": "6000000"},
    "compare": {"MAX_BODY_BYTES": "6225920"},
    "warmup": {},
    "bulk": {},
    "expand": {},
}
# Entries that are not the handler of a folder of the function's name.
ENTRIES = {"expand": "functions.bulk.expand.handler"}
WITH_MODEL = ("extract", "bulk")


def start_environment(function: str, **variables: str) -> Environment:
    """Starts an environment of one of our functions, with additional variables."""
    models = {"MODEL_DIR": str(ROOT / "models")} if function in WITH_MODEL else {}
    return Environment(
        ENTRIES.get(function, f"functions.{function}.handler.handler"),
        {**VARIABLES[function], **models, **variables},
    )


def start_pool(function: str, size: int, **variables: str) -> Pool:
    """Starts a pool of `size` environments of one of our functions."""
    environments: list[Environment] = []
    try:
        while len(environments) < size:
            environments.append(start_environment(function, **variables))
    except BaseException:
        for environment in environments:
            environment.stop()
        raise
    return Pool(environments)
