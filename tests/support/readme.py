"""The commands that the README names, so that what it says and what is tested cannot differ."""

import re
import shlex

from tests.support.paths import ROOT


def readme_command(*start: str) -> list[str]:
    """Returns the words of the one command in the README's code that starts with these."""
    text = (ROOT / "README.md").read_text("utf-8").replace("\\\n", " ")
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    (command,) = (words for words in commands if words[: len(start)] == list(start))
    return command
