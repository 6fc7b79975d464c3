"""The page at `/` of the local server; the functions on Lambda have none."""

import re

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from face_contract.errors import ErrorCode
from face_engine.model.catalog import read_catalog
from face_service.settings import Settings
from functions.compare.app import create as create_compare
from functions.extract.app import create as create_extract
from functions.extract.loader import create_loader
from functions.local.playground import FOLDER
from tests.support.envelope import assert_error
from tests.support.paths import MODEL_DIR

FILES = {path.name for path in FOLDER.iterdir()}


def test_its_policy_forbids_all_that_is_not_its_own(local_service: httpx.Client) -> None:
    for path in ("/", *(f"/playground/{name}" for name in FILES - {"index.html"})):
        answer = local_service.get(path)
        assert answer.status_code == 200, path
        directives = answer.headers["content-security-policy"].split("; ")
        assert directives[0] == "default-src 'none'"
        assert not [each for each in directives if re.search(r"unsafe|\*|https?:|data:", each)]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_browsers_are_told_what_each_file_is(local_service: httpx.Client) -> None:
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    assert local_service.get("/").headers["content-type"].startswith("text/html")
    for name in FILES - {"index.html"}:
        answer = local_service.get(f"/playground/{name}")
        assert answer.headers["content-type"].startswith(types[name[name.rindex(".") :]])


def test_every_file_is_needed_and_nothing_else() -> None:
    needed, found = {"index.html"}, set[str]()
    while needed - found:
        name = min(needed - found)
        found.add(name)
        text = (FOLDER / name).read_text("utf-8")
        # Attributes of HTML, and imports of scripts.
        needed |= set(re.findall(r'(?:src|href)="playground/([^"]+)"', text))
        needed |= set(re.findall(r'from "\./([^"]+)"', text))
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), name
    assert found == FILES


def test_other_files_are_not_served(local_service: httpx.Client) -> None:
    for path in ("", "index.html", "nothing.js", "../playground.py", "%2e%2e/app.py", "a/b"):
        assert_error(local_service.get(f"/playground/{path}"), 404, "NOT_FOUND")


def test_it_can_only_be_read(local_service: httpx.Client) -> None:
    assert local_service.head("/").status_code == 200
    assert_error(local_service.post("/", json={}), 405, "METHOD_NOT_ALLOWED")


def test_it_has_words_for_every_error_code() -> None:
    table = (
        (FOLDER / "api.js").read_text("utf-8").partition("const WORDS = {")[2].partition("};")[0]
    )
    codes = re.findall(r'^  ([A-Z_]+): ".+[.?]",$', table, re.MULTILINE)
    assert sorted(codes) == sorted([*ErrorCode, "UNREACHABLE"])


@pytest.mark.parametrize("enable_docs", [False, True])
@pytest.mark.parametrize("function", ["extract", "compare"])
def test_lambda_has_none(function: str, enable_docs: bool) -> None:
    settings = Settings(model_dir=MODEL_DIR, enable_docs=enable_docs)
    app: FastAPI = (
        create_extract(create_loader(settings, read_catalog()), settings)
        if function == "extract"
        else create_compare(settings)
    )
    client = TestClient(app)
    for path in ("/", "/playground/main.js"):
        assert_error(client.get(path), 404, "NOT_FOUND")


def test_a_range_that_makes_no_sense_is_ignored(local_service: httpx.Client) -> None:
    for value in ("bytes=abc", "lines=1-2", "bytes=9999999-"):
        assert local_service.get("/", headers={"Range": value}).status_code == 200
