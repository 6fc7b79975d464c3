"""SECURITY.md and docs/privacy.md name tests that exist."""

import re

import pytest

from tests.support.paths import ROOT


@pytest.mark.parametrize(("document", "at_least"), [("SECURITY.md", 20), ("docs/privacy.md", 9)])
def test_every_test_that_is_named_exists(document: str, at_least: int) -> None:
    text = (ROOT / document).read_text("utf-8")
    rows = re.findall(r"^\|.*\| `(tests/[^`]+)` \|$", text, re.MULTILINE)
    assert len(rows) >= at_least
    for row in rows:
        path, _, name = row.partition("::")
        source = (ROOT / path).read_text("utf-8")
        assert not name or f"\ndef {name}(" in source, row


def test_every_row_names_one() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len([line for line in table if "`tests/" in line]) == len(table) - 1
