"""Reads the code in documents, so that the tests run exactly what they say."""

import re
from pathlib import Path


def code_blocks(document: Path, language: str) -> list[str]:
    """Returns the code blocks of a language."""
    text = document.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
