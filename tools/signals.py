"""Ends server commands on SIGINT and SIGTERM, even if the parent ignored these signals."""

import signal
import sys


def end_on_signals() -> None:
    """Turns both signals into exceptions, so that `finally` blocks stop the servers.

    A shell starts background jobs with SIGINT ignored, and Python keeps it ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
