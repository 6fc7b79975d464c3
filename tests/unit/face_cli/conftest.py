"""Runs the command in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from face_cli.__main__ import main
from tests.support.paths import MODEL_DIR, PHOTO_DIR


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str


Face = Callable[..., Ended]


@pytest.fixture
def face(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Face:
    """Runs `face` with arguments, in the folder of the photos."""
    monkeypatch.chdir(PHOTO_DIR)
    monkeypatch.setenv("MODEL_DIR", str(MODEL_DIR))
    # Else it would switch off all logs of this process.
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    # The command sets some of these; an empty variable counts as not set.
    for name in ("FACE_API_KEY", "FACE_MODEL", "HOST", "PORT"):
        monkeypatch.setenv(name, "")

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["face", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        code = caught.value.code
        assert isinstance(code, int)
        return Ended(code, *capsys.readouterr())

    return run
