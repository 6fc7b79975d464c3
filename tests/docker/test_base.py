"""The stand-in base: which CA bundle it gets, and what is removed with it."""

from pathlib import Path

import pytest

from tools.base_image import run
from tools.containers.docker_base import CA_VARIABLES, find_ca_file, layers_of, remove_descendants

BASE, CHILD, OTHER = (f"face-test-removal:{name}" for name in ("base", "child", "other"))


def import_file(folder: Path, content: str, name: str) -> None:
    """Imports an image of one file."""
    (folder / "file").write_text(content)
    run("tar", "-C", str(folder), "-cf", f"{folder}/image.tar", "file")
    run("docker", "import", f"{folder}/image.tar", name)


def test_what_is_built_on_the_base_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (BASE, OTHER):
        import_file(tmp_path, name, name)
    try:
        context = tmp_path / "context"
        context.mkdir()
        (context / "Dockerfile").write_text(f"FROM {BASE}\nCOPY Dockerfile /\nLABEL a=b\n")
        run("docker", "build", "--quiet", "--tag", CHILD, str(context))
        container = run("docker", "create", CHILD, "/file")
        other_container = run("docker", "create", OTHER, "/file")
        remove_descendants(BASE)
        assert layers_of(BASE) == layers_of(CHILD) == []
        assert len(layers_of(OTHER)) == 1
        containers = run("docker", "ps", "--all", "--quiet", "--no-trunc").split()
        assert container not in containers
        assert other_container in containers
    finally:
        remove_descendants(OTHER)
    assert layers_of(OTHER) == []


@pytest.mark.parametrize("name", CA_VARIABLES)
def test_the_ca_bundle_is_the_one_that_a_variable_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    for variable in CA_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    bundle = tmp_path / "ca.pem"
    monkeypatch.setenv(name, str(bundle))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert find_ca_file() is None
    bundle.touch()
    assert find_ca_file() == bundle


def test_the_ca_bundle_may_be_in_pips_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in CA_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    bundle, settings = tmp_path / "ca.pem", tmp_path / "pip.conf"
    bundle.touch()
    settings.write_text(f"[global]\ncert = {bundle}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert find_ca_file() == bundle
