"""What the guides in README.md and docs/ say and show: picture, commands, codes, costs."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from face_contract.errors import GATEWAY_ERRORS, DownloadFailed, ErrorCode, ServiceError
from face_engine.download.content_coding import TOO_LARGE
from face_engine.download.downloader import TOO_MANY_REDIRECTS
from face_engine.download.resolving import TOO_SLOW
from face_engine.download.url import REFUSED
from face_service.settings import Settings
from tests.conftest import StartServer
from tests.support.documents import code_blocks
from tests.support.paths import ROOT, subprocess_environment
from tests.support.processes import run_module
from tests.support.template import TEMPLATE
from tools.architecture import PICTURE, draw, find_packages

DOCS = ROOT / "docs"
GUIDES = [DOCS / name for name in ("architecture.md", "privacy.md", "troubleshooting.md")]
TROUBLES = DOCS / "troubleshooting.md"
# Of Python, of the fetches, and a warning.
OTHERS = {"PYTHON_CPU_COUNT", "HTTPS_PROXY", "SSL_CERT_FILE", "TRUNCATED_IMAGE"}


def statuses(error: type[ServiceError] = ServiceError) -> Iterator[tuple[ErrorCode, int]]:
    """Yields the code and status of every error that the service or API Gateway answers."""
    if error is ServiceError:
        yield from ((gateway.code, gateway.status) for gateway in GATEWAY_ERRORS)
    else:
        yield error.code, error.status
    for kind in error.__subclasses__():
        yield from statuses(kind)


def test_the_picture_is_that_of_the_source() -> None:
    assert PICTURE.read_text("utf-8") == draw(), "make architecture writes it"


def test_the_picture_is_small_and_has_words_for_those_who_cannot_see_it() -> None:
    assert PICTURE.stat().st_size < 30_000
    svg = ElementTree.fromstring(PICTURE.read_text("utf-8"))  # noqa: S314
    space = "{http://www.w3.org/2000/svg}"
    assert svg.attrib["role"] == "img"
    assert svg.findtext(f"{space}title")
    description = svg.findtext(f"{space}desc") or ""
    # Spot checks by hand, so that an arrow that points the wrong way is noticed.
    assert "functions.bulk imports functions.extract;" in description
    assert "functions.extract imports face_engine, face_service;" in description
    assert "face_contract imports" not in description
    drawn = {text.text for text in svg.iter(f"{space}text")}
    assert {*find_packages()} <= drawn


def test_every_package_has_its_row() -> None:
    rows = [line for line in GUIDES[0].read_text("utf-8").splitlines() if line.startswith("|")]
    for package in find_packages():
        name = package.replace(".", "/")
        assert any(f"`{name}`" in row for row in rows), package


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_codes_settings_and_parameters_exist(guide: Path) -> None:
    text = guide.read_text("utf-8")
    words = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text))
    assert words
    assert words <= OTHERS | {*ErrorCode} | {name.upper() for name in Settings.model_fields}
    names = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-zA-Z]+)+)`", text))
    assert names <= {*TEMPLATE["Parameters"], *TEMPLATE["Outputs"], *TEMPLATE["Resources"]}


def test_a_code_stands_with_its_status() -> None:
    told = re.findall(r"\b([45]\d\d) `?([A-Z]{4,}(?:_[A-Z]+)*)\b", TROUBLES.read_text("utf-8"))
    assert len(told) > 10
    assert {(code, int(status)) for status, code in told} <= {*statuses()}


def test_messages_are_those_of_the_downloader() -> None:
    text = TROUBLES.read_text("utf-8")
    quoted = {*re.findall(r"^\| \*(.+?)(?: \.\.\.)?\*", text, re.MULTILINE)}
    assert quoted == {
        REFUSED.partition(":")[0],
        TOO_SLOW,
        TOO_MANY_REDIRECTS,
        TOO_LARGE,
        DownloadFailed.message,
    }


def test_the_commands_run(start_server: StartServer) -> None:
    """Commands of make would change the clone, or serve for ever: they run without doing it."""
    lines = "".join(code_blocks(TROUBLES.read_text("utf-8"), "sh")).splitlines()
    commands = [line.partition("#")[0].strip() for line in lines]
    assert {"curl", ".venv/bin/face", "make"} <= {command.split()[0] for command in commands}
    server = start_server()
    for command in commands:
        assert "make" in shlex.split(command) or command.startswith(("curl -s ", ".venv/bin/face "))
        code = command.replace("http://127.0.0.1:8001", f"--fail {server.address}")
        done = subprocess.run(
            ["bash", "-c", code.replace("make ", "make --dry-run ")],
            cwd=ROOT,
            env=subprocess_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout, command
    settings = {word.partition("=")[0] for command in commands for word in shlex.split(command)}
    assert {"EMBED_WITHOUT_FACE", "DOWNLOAD_ALLOWED_HOSTS", "PORT", "FACE_MODEL"} <= settings


def test_the_request_of_the_readme_embeds_a_portrait(start_server: StartServer) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (block,) = (b for b in code_blocks(text, "sh") if "curl" in b)
    code = block.replace("http://127.0.0.1:8001", start_server().address)
    done = subprocess.run(
        ["bash", "-c", code],
        cwd=ROOT,
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert (answer["face_count"], len(answer["embedding"])) == (1, 512)


def test_the_costs_are_those_of_the_bench() -> None:
    lines = run_module("bench.speed.cost").splitlines()
    table = "".join(f"{line}\n" for line in lines if line.startswith("|"))
    assert table in (DOCS / "cost.md").read_text("utf-8")
