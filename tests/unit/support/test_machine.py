"""The watch over the machine, on runs of pytest that harm folders made for it."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.support.paths import subprocess_environment

CONFTEST = """
from pathlib import Path
from tests.support.machine import MachineGuard, WatchedFolder

def pytest_configure(config):
    folder = Path(__file__).parent / "watched"
    deep = WatchedFolder(folder / "deep", is_deep=True)
    shared = WatchedFolder(folder / "shared", has_fixed_names=False)
    config.pluginmanager.register(MachineGuard([deep, shared]))
"""
TEST = """
import os
import tempfile
from pathlib import Path

def test_harm():
    watched = Path(__file__).parent / "watched"
    deep, shared = watched / "deep", watched / "shared"
    {harm}
"""
HARM = {
    "(deep / 'below' / 'changed').chmod(0o600)": "deep/below/changed: -rw-r--r-- of ",
    "(deep / 'below' / 'other').touch()": "deep/below/other: new",
    "(deep / 'below' / 'removed').unlink()": "deep/below/removed: gone",
    "shared.chmod(0o755)": "watched/shared: drwxrwxrwt of ",
    "(shared / 'changed').chmod(0o666)": "shared/changed: -rw-r--r-- of ",
    "watched.chmod(0o750)": "watched: drwxr-xr-x of ",
    "tempfile.mkstemp(prefix='forgotten')": "forgotten",
}
# What the tests may make, what other programs do, and what lands in the tests' own home.
HARMLESS = [
    "(deep / '__pycache__').mkdir()",
    "(shared / 'other').touch()",
    "(shared / 'removed').unlink()",
    "(Path.home() / 'own').mkdir()",
]


def run_pytest(folder: Path, statements: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """Runs one test that does all this to folders made for it."""
    watched = folder / "watched"
    for place in (watched / "deep" / "below", watched / "shared"):
        place.mkdir(parents=True)
        for name in ("changed", "removed"):
            (place / name).touch()
            (place / name).chmod(0o644)
    watched.chmod(0o755)
    (watched / "shared").chmod(0o1777)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_harm.py").write_text(TEST.replace("{harm}", "\n    ".join(statements)))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder)],
        cwd=folder,
        env=subprocess_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_that_harms_the_machine_fails_and_says_how(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, HARM)
    assert "1 passed" in done.stdout
    assert [told for told in HARM.values() if told not in done.stdout] == []
    assert done.returncode == 1


def test_what_does_no_harm_passes(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, HARMLESS)
    assert "1 passed" in done.stdout
    assert "the machine is not as it was" not in done.stdout
    assert done.returncode == 0
