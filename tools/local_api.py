"""Serves the whole API on Lambda's own runtime: python -m tools.local_api."""

import argparse
from contextlib import ExitStack, suppress

import uvicorn

from face_engine.processors import count_processors
from functions.local.protocol import KEEP_ALIVE_S
from tools.api_gateway import create_gateway
from tools.lambda_pool import Pool, start_pool
from tools.signals import end_on_signals


def main() -> None:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8002)
    parser.add_argument("--instances", type=int, default=count_processors())
    arguments = parser.parse_args()
    end_on_signals()
    pools: dict[str, Pool] = {}
    # Ctrl-C is the normal way to end it.
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        for name in ("extract", "compare"):
            pools[name] = start_pool(name, arguments.instances)
            stack.callback(pools[name].stop)
        print(f"The API on Lambda's runtime: http://127.0.0.1:{arguments.port}/api/v1/health")
        uvicorn.run(
            create_gateway(pools),
            host="127.0.0.1",
            port=arguments.port,
            log_level="warning",
            timeout_keep_alive=KEEP_ALIVE_S,
        )


if __name__ == "__main__":
    main()
