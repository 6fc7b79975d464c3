import hashlib
import json
from pathlib import Path

import pytest

from functions.local.app import create
from tools.openapi import DOCUMENT, TYPES, find_problems, write_document


def test_the_committed_files_are_current() -> None:
    assert find_problems() == []
    assert json.loads(DOCUMENT.read_text("utf-8")) == create().openapi()


def test_the_document_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = write_document()
    for name, value in {"FACE_MODEL": "arcface", "MAX_WAITING": "1", "MODEL_DIR": "/none"}.items():
        monkeypatch.setenv(name, value)
    assert write_document() == before


def test_a_stale_file_is_named(tmp_path: Path) -> None:
    document, types = tmp_path / "openapi.json", tmp_path / "schema.ts"
    stale = ["openapi.json is not what the service documents."]
    assert find_problems(document, types) == stale
    document.write_text(DOCUMENT.read_text("utf-8").replace("Left edge", "Right edge"), "utf-8")
    assert find_problems(document, types) == stale

    document.write_text(DOCUMENT.read_text("utf-8"), "utf-8")
    older = ["schema.ts was not made from openapi.json as it is now."]
    assert find_problems(document, types) == older
    types.write_text(TYPES.read_text("utf-8"), "utf-8")
    assert find_problems(document, types) == []
    digest = hashlib.sha256(document.read_bytes()).hexdigest()
    types.write_text(types.read_text("utf-8").replace(digest, digest[::-1]), "utf-8")
    assert find_problems(document, types) == older
