"""Runs one event on Lambda's own runtime: python -m tools.invoke events/extract/health-v1.json.

The event's folder names the function. A warm-up event pings two instances of each other function.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import Environment, Pool, start_environment, start_pool
from tools.signals import end_on_signals

TARGETS = ",".join(
    f"arn:aws:lambda:eu-west-1:123456789012:function:{function}:live"
    for function in ("extract", "compare")
)


@contextmanager
def started(function: str) -> Iterator[Environment]:
    """Starts a function's environment and the services it calls."""
    with ExitStack() as stack:
        if function == "warmup":
            pools: dict[str, Pool] = {}
            for name in ("extract", "compare"):
                pools[name] = start_pool(name, 2)
                stack.callback(pools[name].stop)
            address = stack.enter_context(serve(create_gateway(pools)))
            environment = start_environment(
                function,
                TARGETS=TARGETS,
                WARM_INSTANCES="2",
                POWERTOOLS_METRICS_NAMESPACE="face",
                AWS_ENDPOINT_URL_LAMBDA=address,
                AWS_ACCESS_KEY_ID="none",
                AWS_SECRET_ACCESS_KEY="none",  # noqa: S106
            )
        else:
            environment = start_environment(function)
        stack.callback(environment.stop)
        yield environment


def main() -> None:
    """Prints the function's answer; its log goes to stderr."""
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.exit("Which event? make invoke EVENT=events/extract/health-v1.json")
    end_on_signals()
    event = Path(sys.argv[1])
    with started(event.parent.name) as environment:
        answer = environment.invoke(event.read_bytes())
        sys.stderr.write(environment.log())
    sys.stdout.write(answer.payload.decode() + "\n")
    sys.exit(1 if answer.failed else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
