"""Reads the commands in README.md, so that the tests run exactly what it says."""

import re
import shlex

from tests.support.paths import ROOT


def readme_sql() -> list[str]:
    """Returns the statements in README.md's only block of SQL."""
    text = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [statement.strip() for statement in re.split(r";\n", block) if statement.strip()]


def readme_command(*start: str) -> list[str]:
    """Returns the words of the only command in README.md's code blocks that starts with `start`."""
    text = (ROOT / "README.md").read_text("utf-8").replace("\\\n", " ")
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    (command,) = (words for words in commands if words[: len(start)] == list(start))
    return command
