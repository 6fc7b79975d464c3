"""Reads alarms, the dashboard and the runbook, as the tests compare them."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.documents import code_blocks
from tests.support.paths import ROOT
from tests.support.template import resources
from tools.translate_template import DEPLOYMENTS

PAGES = sorted((ROOT / "docs" / "runbook").iterdir())
BUCKET = DEPLOYMENTS["bucket"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a widget: namespace, name and dimensions in turn, or nothing if calculated."""

    metric: tuple[str, ...]
    options: dict[str, Any]


def alarms(values: dict[str, str] = BUCKET) -> dict[str, Any]:
    """The properties of all alarms of a deployment, by name."""
    return {
        name: resource["Properties"]
        for name, resource in resources(values).items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def widgets(values: dict[str, str] = BUCKET) -> list[dict[str, Any]]:
    """The dashboard's widgets; references to resources stay as `${Name}`."""
    body = resources(values)["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def expand(rows: Sequence[Sequence[Any]]) -> Iterator[Row]:
    """Fills in the dots by which a row repeats the one before."""
    before: list[str] = []
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        names = [part for part in row if isinstance(part, str)]
        if names and names[0] == "...":
            names = before[: len(before) - len(names) + 1] + names[1:]
        names = [before[i] if name == "." else name for i, name in enumerate(names)]
        yield Row(tuple(names), options)
        before = names or before


def queries(text: str) -> list[str]:
    """The queries for Logs Insights in a document: blocks of code without a language."""
    return [block for block in code_blocks(text, "") if re.match(r"fields|filter", block)]


def commands(text: str) -> list[str]:
    """The lines of a document's shell code."""
    return "\n".join(code_blocks(text, "sh")).splitlines()
