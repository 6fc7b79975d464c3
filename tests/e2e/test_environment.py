"""Virtual environments hold what their lock pins, and nothing else."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools.requirements.environment import synchronise
from tools.requirements.groups import read_groups

PROJECT = """
[dependency-groups]
serve = ["one"]
dev = [{ include-group = "serve" }, "two"]

[tool.locks]
master = "dev"
independent = []

[tool.ruff]
src = [".", "layers/ours", "layers/missing"]
"""


COMMAND = """
[tool.commands.count]
module = "counting"
group = "dev"
"""


class Project:
    """A project with its locks, and wheels that pip may install."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.wheels = root / "wheels"
        self.wheels.mkdir()
        (self.root / "layers" / "ours").mkdir(parents=True)
        (self.root / "layers" / "ours" / "of_ours.py").touch()
        (self.root / "pyproject.toml").write_text(PROJECT)
        self.environment = self.root / ".venv"

    def lock(self, group: str, **versions: str) -> None:
        """Writes the lock of a group."""
        path = self.root / read_groups(self.root).by_name[group].lock
        path.parent.mkdir(exist_ok=True)
        pins = (
            f"{name}=={version} --hash=sha256:{self._make_wheel(name, version)}\n"
            for name, version in versions.items()
        )
        path.write_text(f"# {group}: inputs\n" + "".join(pins))

    def _make_wheel(self, name: str, version: str) -> str:
        path = self.wheels / f"{name}-{version}-py3-none-any.whl"
        if not path.exists():
            metadata = f"{name}-{version}.dist-info"
            with zipfile.ZipFile(path, "w") as wheel:
                wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
                wheel.writestr(
                    f"{metadata}/METADATA",
                    f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
                )
                wheel.writestr(
                    f"{metadata}/WHEEL",
                    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                )
                wheel.writestr(f"{metadata}/RECORD", "")
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def synchronise(self, group: str) -> None:
        groups = read_groups(self.root).by_name
        synchronise(self.environment, groups[group], groups, self.root)

    def imports(self, module: str) -> bool:
        """Tells whether the environment imports a module, from any folder."""
        command = [str(self.environment / "bin" / "python"), "-c", f"import {module}"]
        done = subprocess.run(command, cwd="/", env={}, capture_output=True, check=False)
        return done.returncode == 0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", project.wheels.as_uri())
    return project


def test_an_environment_grows_and_is_made_anew_when_its_lock_loses_a_package(
    project: Project,
) -> None:
    project.lock("serve", one="1.0")
    project.lock("dev", one="1.0", two="1.0", three="1.0")
    project.synchronise("serve")
    assert project.imports("one")
    assert not project.imports("two")
    # By the .pth file. It names a folder that does not exist, too.
    assert project.imports("of_ours")

    # Adding packages needs no new environment, and needing fewer removes none.
    kept = project.environment / "kept"
    kept.touch()
    project.synchronise("dev")
    project.synchronise("serve")
    assert project.imports("two, three")
    assert kept.exists()

    # It is still the environment of dev when its lock changes.
    project.lock("dev", one="1.0", two="2.0")
    project.synchronise("serve")
    assert not kept.exists()
    assert project.imports("one, of_ours")
    assert project.imports("two; assert two.VERSION == '2.0'")
    assert not project.imports("three")


def test_a_command_is_there_once_its_packages_are(project: Project, tmp_path: Path) -> None:
    (project.root / "pyproject.toml").write_text(PROJECT + COMMAND)
    program = "import sys, two; print(two.VERSION, *sys.argv[1:])\n"
    (project.root / "layers" / "ours" / "counting.py").write_text(program)
    project.lock("serve", one="1.0")
    project.lock("dev", one="1.0", two="2.0")
    script = project.environment / "bin" / "count"
    project.synchronise("serve")
    assert not script.exists()
    project.synchronise("dev")

    # From another folder, whose files are not imported, after the clone was moved, and by a link.
    moved, elsewhere = tmp_path / "moved here", tmp_path / "elsewhere"
    project.root.rename(moved)
    elsewhere.mkdir()
    (elsewhere / "two.py").write_text("VERSION = 'taken'\n")
    link = elsewhere / "link"
    link.symlink_to(moved / ".venv" / "bin" / "count")
    for command in (moved / ".venv" / "bin" / "count", link):
        done = subprocess.run(
            [command, "a  b", "*"], cwd=elsewhere, capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.stderr) == ("2.0 a  b *\n", "")


def test_a_broken_environment_is_made_anew(project: Project) -> None:
    project.lock("serve", one="1.0")
    (wheel,) = project.wheels.iterdir()
    content = wheel.read_bytes()
    # pip refuses a wheel with another hash.
    wheel.write_bytes(content + b"\0")
    with pytest.raises(subprocess.CalledProcessError):
        project.synchronise("serve")
    wheel.write_bytes(content)
    project.synchronise("serve")
    assert project.imports("one")

    # As after an upgrade of the system's Python.
    for link in (project.environment / "bin").glob("python*"):
        link.unlink()
    project.synchronise("serve")
    assert project.imports("one")
