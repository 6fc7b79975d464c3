"""Runs the command `face` and turns every failure into one line."""

import signal
import sys
from io import TextIOWrapper
from typing import Any

from typer.exceptions import TyperException

from face_cli.commands import app
from face_cli.failures import FAILED
from face_cli.output import print_failure


def main() -> None:
    """Runs the command with the arguments of this process, and exits."""
    # A shell starts background jobs with SIGINT ignored, and Python keeps it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A name that the terminal's encoding lacks is no failure.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # Without `standalone_mode`, usage errors are raised instead of printed over several lines.
    run: Any = app
    try:
        code = run(sys.argv[1:] or ["--help"], prog_name="face", standalone_mode=False)
    except TyperException as error:
        print_failure(f"{error.format_message()} Try `face --help`.")
        code = FAILED
    sys.exit(code)


if __name__ == "__main__":
    main()
