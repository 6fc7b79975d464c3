"""SECURITY.md names tests that exist."""

import re

from tests.support.paths import ROOT


def test_every_test_that_is_named_exists() -> None:
    rows = re.findall(
        r"^\|.*\| `(tests/[^`]+)` \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE
    )
    assert len(rows) > 10
    for row in rows:
        path, _, name = row.partition("::")
        source = (ROOT / path).read_text("utf-8")
        assert not name or f"\ndef {name}(" in source, row


def test_every_row_names_one() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len([line for line in table if "`tests/" in line]) == len(table) - 1
