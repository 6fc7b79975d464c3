"""The Python client is a package of its own."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from face_contract import __version__
from tests.support.documents import code_blocks
from tests.support.paths import ROOT

CLIENT = ROOT / "clients" / "python"


def test_the_command_in_the_readme_installs_the_whole_package(tmp_path: Path) -> None:
    (block,) = code_blocks((CLIENT / "README.md").read_text("utf-8"), "sh")
    assert block == "pip install ./clients/python\n"
    # A copy: setuptools builds in the folder of the sources.
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CLIENT, tmp_path / "clients" / "python", ignore=ignore)
    installed = tmp_path / "installed"
    # What it depends on, and what builds it, is in this environment: nothing is fetched.
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(installed)]
    subprocess.run(
        [sys.executable, "-m", *block.split(), "--quiet", *offline],
        cwd=tmp_path,
        check=True,
        timeout=120,
    )
    source = CLIENT / "src" / "face_embedding_client"
    modules = {path.name for path in source.iterdir() if path.is_file()}
    assert "py.typed" in modules
    package = installed / "face_embedding_client"
    assert {path.name for path in package.iterdir() if path.is_file()} == modules
    (metadata,) = installed.glob("*.dist-info/METADATA")
    assert f"\nVersion: {__version__}\n" in metadata.read_text()
    assert re.search(r"^Requires-Dist: httpx2>=2$", metadata.read_text(), re.MULTILINE)
    program = "import face_embedding_client as client; print(client.__file__, client.FaceClient)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed) in done.stdout
