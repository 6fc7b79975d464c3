"""Reads the code in documents, so that the tests run exactly what they say."""

import re
import shlex
from pathlib import Path

from tests.support.paths import ROOT

DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))


def code_blocks(text: str, language: str) -> list[str]:
    """Returns the code blocks of a language in a document's text; "" finds those without one."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [code for found, code in blocks if found == language]


def sql_statements(document: Path) -> list[str]:
    """Returns the statements in a document's only block of SQL."""
    (block,) = code_blocks(document.read_text("utf-8"), "sql")
    return [statement.strip() for statement in re.split(r";\n", block) if statement.strip()]


def command(*start: str) -> list[str]:
    """Returns the words of the only command in all documents that starts with `start`."""
    lines = [
        line
        for document in DOCUMENTS
        for block in code_blocks(document.read_text("utf-8"), "sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith(start[0])
    ]
    commands = [shlex.split(line, comments=True) for line in lines]
    (found,) = (words for words in commands if words[: len(start)] == list(start))
    return found
