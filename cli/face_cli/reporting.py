"""Reports the failures of commands."""

import os
import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import ParamSpec

from face_cli.failures import FAILED, Failure
from face_cli.output import print_failure

Parameters = ParamSpec("Parameters")


def reporting(command: Callable[Parameters, int]) -> Callable[Parameters, int]:
    """Reports a command's failures in one line."""

    @wraps(command)
    def run(*arguments: Parameters.args, **options: Parameters.kwargs) -> int:
        # Late, for quick completion and help.
        from face_embedding_client import FaceClientError

        report = partial(print_failure, as_json=bool(options.get("as_json")))
        try:
            code = command(*arguments, **options)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever reads the output has enough, such as `head`. Python flushes again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except FaceClientError as error:
            report(error.message, error.code, getattr(error, "details", None))
        except Failure as failure:
            report(failure.message, failure.code, failure.details)
        except OSError as error:
            report(f"{error.filename or 'Input or output'}: {error.strerror or error}.")
        else:
            return code
        return FAILED

    return run
