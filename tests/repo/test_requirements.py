import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.requirements.groups import read_groups
from tools.requirements.locks import find_problems, read_pins

PACKAGES = (
    "bench",
    "face_cli",
    "face_contract",
    "face_embedding_client",
    "face_engine",
    "functions",
    "tests",
    "tools",
)

Damage = Callable[[Path], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dependency groups and of their locks."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for group in read_groups().by_name.values():
        (tmp_path / group.lock).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / group.lock, tmp_path / group.lock)
    return tmp_path


def replace(file: str, old: str, new: str) -> Damage:
    def damage(project: Path) -> None:
        text = (project / file).read_text("utf-8")
        assert old in text
        (project / file).write_text(text.replace(old, new, 1), "utf-8")

    return damage


def test_the_locks_match_the_groups_and_each_other(project: Path) -> None:
    assert find_problems() == []
    assert find_problems(project) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            replace("pyproject.toml", 'runtime = ["', 'runtime = ["tqdm", "'),
            "requirements/runtime.txt was not compiled from the group as it is now",
        ),
        (
            # Another exclusion needs other locks, too.
            replace("pyproject.toml", '["gdown", "pandas"', '["gdown"'),
            "requirements/arcface.txt was not compiled from the group as it is now",
        ),
        (
            replace("pyproject.toml", "[tool.locks]", 'new = ["tqdm"]\n\n[tool.locks]'),
            "requirements/new.txt is missing",
        ),
        (
            replace("requirements/compare.txt", "fastapi==", "fastapi==1."),
            "fastapi differs between locks",
        ),
        (
            replace("requirements/compare.txt", "--hash=sha256:", "--hash=sha256:f"),
            "annotated-doc differs between locks",
        ),
        (
            replace("requirements/compare.txt", "annotated-doc==", "annotated-doc>="),
            "requirements/compare.txt: not a pin with hashes",
        ),
        (
            replace("requirements/compare.txt", "\nannotated-doc==", "\n--index-url x\na=="),
            "requirements/compare.txt: not a pin with hashes: --index-url x",
        ),
        (
            lambda project: (project / "requirements/old.txt").touch(),
            "requirements/old.txt belongs to no group",
        ),
        (
            lambda project: (project / "functions/warmup/requirements.txt").unlink(),
            "functions/warmup/requirements.txt is missing",
        ),
    ],
)
def test_a_lock_that_does_not_match_is_found(project: Path, damage: Damage, problem: str) -> None:
    damage(project)
    assert any(found.startswith(problem) for found in find_problems(project))


def test_a_version_of_an_independent_lock_is_its_own(project: Path) -> None:
    replace("requirements/sam.txt", "annotated-types==", "annotated-types==1.")(project)
    assert find_problems(project) == []


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ('a = [{ include-group = "b" }]\nb = [{ include-group = "a" }]', "includes itself"),
        ('a = [{ include-group = "c" }]', "no dependency group 'c'"),
    ],
)
def test_groups_that_cannot_be_resolved(tmp_path: Path, groups: str, message: str) -> None:
    locks = '[tool.locks]\nmaster = "a"\nindependent = []\n'
    (tmp_path / "pyproject.toml").write_text(f"[dependency-groups]\n{groups}\n{locks}")
    with pytest.raises(ValueError, match=message):
        read_groups(tmp_path)


def test_a_group_has_what_the_groups_that_it_includes_have() -> None:
    groups = read_groups().by_name
    pins = {name: read_pins((ROOT / group.lock).read_text()) for name, group in groups.items()}
    assert pins["serve"] < pins["heic"] < pins["dev"] < pins["browser"]
    assert pins["compare"] < pins["mobilefacenet"] < pins["local"] < pins["serve"]


def locks_of_images() -> set[str]:
    """Returns the locks that the Dockerfiles and their scripts install, and the warm-up's."""
    models = ("mobilefacenet", "arcface")
    named = {
        path.replace("${FACE_MODEL}", model)
        for file in (*ROOT.glob("functions/*/Dockerfile"), *ROOT.glob("*/*.sh"))
        for path in re.findall(r"requirements/[^\s;]+\.txt", file.read_text("utf-8"))
        for model in models
    }
    return {*named, "functions/warmup/requirements.txt"}


def test_what_images_install_are_locks() -> None:
    locks = {str(group.lock) for group in read_groups().by_name.values()}
    assert "requirements/arcface.txt" in locks_of_images()
    assert locks_of_images() <= locks


def test_the_command_line_reaches_no_image() -> None:
    groups = read_groups().by_name
    commands = {"httpx2", "rich", "shellingham", "typer"}
    assert commands <= {pin.name for pin in read_pins((ROOT / groups["cli"].lock).read_text())}
    # TensorFlow's converter has some of them. It is in a stage that no image keeps.
    for lock in locks_of_images() - {str(groups["bake"].lock)}:
        assert not commands & {pin.name for pin in read_pins((ROOT / lock).read_text())}, lock
    admitted = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in admitted
    assert not [line for line in admitted if line.startswith(("!cli", "!clients"))]


def test_checkers_and_interpreters_import_from_the_same_folders(tmp_path: Path) -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert tool["mypy"]["mypy_path"] == tool["ruff"]["src"]
    program = "; ".join(f"import {name}; print(list({name}.__path__)[0])" for name in PACKAGES)
    # In another folder, so that only the environment's .pth file can find them.
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    for name, path in zip(PACKAGES, done.stdout.splitlines(), strict=True):
        folders = [(ROOT / folder / name).resolve() for folder in tool["ruff"]["src"]]
        assert Path(path).resolve() in folders
