"""The whole API on Lambda's own runtime, for people: python -m tools.local_api."""

import argparse
import os
import signal
import sys

import uvicorn

from tools.api_gateway import create_gateway
from tools.lambda_pool import start_pool


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8002)
    parser.add_argument("--instances", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    # uvicorn ends by the signal that it got; as an exception it lets the environments be ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    pools = {name: start_pool(name, arguments.instances) for name in ("extract", "compare")}
    print(f"The API on Lambda's runtime: http://127.0.0.1:{arguments.port}/api/v1/health")
    try:
        uvicorn.run(
            create_gateway(pools), host="127.0.0.1", port=arguments.port, log_level="warning"
        )
    finally:
        for pool in pools.values():
            pool.stop()


if __name__ == "__main__":
    main()
