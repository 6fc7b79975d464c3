"""How the commands that start servers end on SIGINT and SIGTERM, whatever their parent ignored."""

import signal
import sys


def end_on_signals() -> None:
    """Turns both signals into exceptions, so that `finally` stops the servers.

    A shell starts its background jobs with SIGINT ignored, and Python would leave it so.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
