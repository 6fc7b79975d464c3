"""Reads the code in documents, so that the tests run exactly what they say."""

import re
import shlex
from pathlib import Path

from tests.support.paths import ROOT

DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))


def code_blocks(document: Path, language: str) -> list[str]:
    """Returns the code blocks of a language."""
    text = document.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def sql_statements(document: Path) -> list[str]:
    """Returns the statements in a document's only block of SQL."""
    (block,) = code_blocks(document, "sql")
    return [statement.strip() for statement in re.split(r";\n", block) if statement.strip()]


def command(*start: str) -> list[str]:
    """Returns the words of the only command in all documents that starts with `start`."""
    lines = [
        line
        for document in DOCUMENTS
        for block in code_blocks(document, "sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith(start[0])
    ]
    commands = [shlex.split(line, comments=True) for line in lines]
    (found,) = (words for words in commands if words[: len(start)] == list(start))
    return found
