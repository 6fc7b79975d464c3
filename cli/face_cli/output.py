"""What the command prints: results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

Item = TypeVar("Item")


def printable(text: str) -> str:
    """Returns a text without anything that moves the cursor, breaks the line or is no character.

    File names and the messages of a service may hold such things.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def print_json(value: object) -> None:
    """Prints a result for programs. It is ASCII, so it can be printed everywhere."""
    print(json.dumps(value, indent=2))


def print_line(text: str, style: str = "") -> None:
    """Prints a line of a result for people."""
    Console(soft_wrap=True, highlight=False).print(Text(printable(text), style))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows: a table on a terminal, else one line for each with tabs between.

    Nothing is cut off: cells of a narrow terminal continue in the next line.
    """
    # rich calls a pipe a terminal if FORCE_COLOR is set.
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(map(printable, row)))
        return
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in header:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def print_note(text: str) -> None:
    """Prints a note for people."""
    print(printable(text), file=sys.stderr)


def print_failure(
    message: str,
    code: str | None = None,
    details: Mapping[str, object] | None = None,
    *,
    as_json: bool = False,
) -> None:
    """Prints a failure in one line; for programs also in the service's envelope."""
    if as_json:
        print_json({"error": {"code": code, "message": message, "details": details}})
    print_note(f"face: {' '.join(message.split())}" + (f" ({code})" if code else ""))


@contextmanager
def progress_of(items: Iterable[Item], total: int) -> Iterator[Iterator[Item]]:
    """Shows on stderr how many of the items were taken, if that is a terminal."""
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        yield iter(progress.track(items, total=total))
