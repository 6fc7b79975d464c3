"""README.md and docs/: tables, links and commands that must agree with the code."""

import json
import re
from pathlib import Path

import pytest

from face_contract.stages import Stage
from tests.support.documents import DOCUMENTS
from tests.support.paths import ROOT
from tests.support.template import TEMPLATE

DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)")


def rows(document: Path, pattern: str) -> list[tuple[str, ...]]:
    found = re.findall(pattern, document.read_text("utf-8"), re.MULTILINE)
    return [row if isinstance(row, tuple) else (row,) for row in found]


def test_deploying_lists_every_parameter_with_its_default_and_description() -> None:
    expected = []
    for name, parameter in TEMPLATE["Parameters"].items():
        value = parameter.get("Default")
        default = "none: choose" if value is None else f"`{value}`" if value != "" else "empty"
        expected.append((name, default, " ".join(parameter["Description"].split())))
    assert rows(DOCS / "deploying.md", r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$") == expected


def test_deploying_lists_every_stage() -> None:
    listed = {name for (name,) in rows(DOCS / "deploying.md", r"^\| `(\w+)` \| [^|]*\|$")}
    assert listed == {stage.capitalize() for stage in Stage} | {"ColdStart"}


@pytest.mark.parametrize("document", [ROOT / "README.md", DOCS / "api.md"], ids=lambda d: d.name)
def test_the_endpoints_are_those_of_the_api(document: Path) -> None:
    paths = json.loads((ROOT / "openapi.json").read_text("utf-8"))["paths"]
    expected = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert set(rows(document, r"^\| `(GET|POST) (/api/v1/[\w-]+)` \|")) == expected


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in LINK.findall(document.read_text("utf-8")):
        if ":" in target:
            continue
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, (target, anchor)


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_every_make_target_named_exists(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    text = document.read_text("utf-8")
    named = set(re.findall(r"(?:`|^|[A-Z_]+=\S+ )make ([a-z-]+)", text, re.MULTILINE))
    assert named <= targets
