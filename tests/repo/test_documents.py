"""CHANGELOG.md, the CI workflow, and what no file may hold."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

from face_contract import __version__
from tests.support.paths import ROOT

# Written in parts: this file is searched, too.
REGISTRY_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.org")
# Hidden folders that belong to the project.
HIDDEN = (".ci", ".github")
# Made by commands and ignored by git.
MADE = ("__pycache__", "dist", "models", "node_modules", "photos", "results", "weights")


def project_files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.name in HIDDEN or not (path.name.startswith(".") or path.name in MADE):
            yield from project_files(path)


def test_the_newest_version_of_the_changelog_is_the_projects() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert versions[0] == __version__


def test_the_workflow_calls_only_the_script_of_ci() -> None:
    (path,) = (ROOT / ".github" / "workflows").iterdir()
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert [step["uses"].partition("@")[0] for step in steps if "uses" in step] == [
        "actions/checkout"
    ]


def test_the_hook_before_a_commit_is_make_check() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == ["make check"]


def test_no_file_names_the_host_of_a_package_registry() -> None:
    files = list(project_files())
    assert ROOT / "requirements" / "dev.txt" in files
    assert ROOT / ".github" / "workflows" / "ci.yml" in files
    found = [
        path for path in files if any(host.encode() in path.read_bytes() for host in REGISTRY_HOSTS)
    ]
    assert found == []


def test_every_make_target_has_all_that_it_needs() -> None:
    """A dry run fails for a prerequisite that no rule makes."""
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"run", "test", "test-image", "test-docker"} <= set(targets)
    for target in targets:
        done = subprocess.run(
            ["make", "--dry-run", target, "PAIRS=x", "IMAGES=x"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (target, done.stderr)
