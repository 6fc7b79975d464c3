"""A local server that does not start: the error says why, and no process is left."""

from pathlib import Path

import pytest

from tests.support.paths import subprocess_environment
from tests.support.processes import children_of
from tools.local_server import LocalServer


def test_a_server_that_ends_at_once_is_an_error_with_what_it_wrote() -> None:
    before = children_of("self")
    with pytest.raises(RuntimeError, match="the server ended with 1") as caught:
        LocalServer(subprocess_environment(LOG_LEVEL="loud"))
    assert "LOG_LEVEL" in "".join(caught.value.__notes__)
    assert children_of("self") == before


def test_a_server_that_does_not_answer_is_killed(tmp_path: Path) -> None:
    # Python runs this file at its start.
    (tmp_path / "sitecustomize.py").write_text("import time\ntime.sleep(60)\n")
    before = children_of("self")
    environment = {**subprocess_environment(), "PYTHONPATH": str(tmp_path)}
    with pytest.raises(RuntimeError, match=r"no answer within 0\.2 s"):
        LocalServer(environment, start_timeout_s=0.2)
    assert children_of("self") == before
