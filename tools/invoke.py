"""Runs one event on Lambda's own runtime: python -m tools.invoke events/extract/health-v1.json.

The event's folder names the function.
"""

import sys
from pathlib import Path

from tools.lambda_pool import start_environment


def main() -> None:
    """Prints the function's answer; the log goes to stderr."""
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.exit("Which event? make invoke EVENT=events/extract/health-v1.json")
    event = Path(sys.argv[1])
    environment = start_environment(event.parent.name)
    try:
        answer = environment.invoke(event.read_bytes())
        sys.stderr.write(environment.log())
    finally:
        environment.stop()
    sys.stdout.write(answer.payload.decode() + "\n")
    sys.exit(1 if answer.failed else 0)


if __name__ == "__main__":
    main()
