"""The recipes of CONTRIBUTING.md are followed with toys, in a copy of the project."""

import base64
import filecmp
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest

from face_engine.model.catalog import read_catalog
from face_engine.model.folder import MANIFEST_FILE
from tests.conftest import StartServer
from tests.repo.toys import TOYS, Project
from tests.support.paths import MODEL_DIR, ROOT
from tests.support.project_copy import FILES, FOLDERS, copy_project
from tools.local_server import LocalServer

# What a recipe must not break: the catalogue, the template, the Dockerfiles and the document.
CHECKS = (
    "tests/repo/test_dockerfiles.py",
    "tests/repo/test_template.py",
    "tests/unit/face_engine/model/test_catalog.py",
    "tests/api/test_openapi.py",
)
LAYERS = ("contract", "service", "engine")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy with the weights of mobilefacenet."""
    copy_project(tmp_path)
    for name in ("tests", "tools"):
        ignore = shutil.ignore_patterns("__pycache__", "photos", "weights")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "models").mkdir()
    entry = read_catalog().models["mobilefacenet"]
    for file in {MANIFEST_FILE, *(weights.file for weights in (*entry.artifacts, *entry.weights))}:
        shutil.copy(MODEL_DIR / file, tmp_path / "models")
    return Project(tmp_path)


def python_path(project: Project) -> str:
    layers = (project.folder / "layers" / name for name in LAYERS)
    return os.pathsep.join(map(str, (project.folder, *layers)))


def serve(project: Project, start_server: StartServer, **variables: str) -> LocalServer:
    """Starts the copy: without a safe path Python would import from the folder of the tests."""
    model_dir = str(project.folder / "models")
    return start_server(
        PYTHONPATH=python_path(project), PYTHONSAFEPATH="1", MODEL_DIR=model_dir, **variables
    )


def extract(server: LocalServer, photo: bytes) -> dict[str, Any]:
    body = {"image": base64.b64encode(photo).decode()}
    answer = httpx.post(f"{server.address}/api/v1/extract-embedding", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def listed_files(recipe: str) -> set[str]:
    """Returns the files that a recipe's numbered list begins its items with."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition(f"\n### {recipe}\n")[2]
    section = re.split(r"^#{1,3} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    listed = re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)
    return {path.replace("NAME", "toy") for path in listed}


def touched_files(project: Project) -> set[str]:
    """Returns the files of the copy that are not the project's, or differ from them."""
    roots = [project.folder / name for name in (*FOLDERS, "tests", "tools")]
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    files += [project.folder / name for name in (*FILES, "pyproject.toml")]
    names = [path.relative_to(project.folder) for path in files if "__pycache__" not in path.parts]
    return {
        name.as_posix()
        for name in names
        if not (ROOT / name).exists()
        or not filecmp.cmp(ROOT / name, project.folder / name, shallow=False)
    }


@pytest.mark.parametrize("recipe", TOYS)
def test_the_recipe_lists_every_file_and_is_enough(project: Project, recipe: str) -> None:
    TOYS[recipe](project)
    assert touched_files(project) == listed_files(recipe)
    environment = {**os.environ, "PYTHONPATH": python_path(project)}
    for command in (
        ["pytest", "--no-cov", "-q", "-p", "no:cacheprovider", *CHECKS],
        ["ruff", "check", "--no-cache", "functions", "layers"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=project.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_toy_detector_finds_the_face(
    project: Project, start_server: StartServer, read_photo: Callable[[str], bytes]
) -> None:
    TOYS["Add a detector"](project)
    photo = read_photo("person_a_2.jpg")
    toy = extract(serve(project, start_server, DETECTOR="toy"), photo)
    assert toy["face_count"] == 1
    assert toy["model"] == "mobilefacenet-87aacdfe/toy/similarity"
    # The person's eyes, marked by hand (tests/support/labels.py), are inside of the box.
    area = toy["facial_area"]
    for x, y in ((283, 322), (412, 316)):
        assert area["x"] < x < area["x"] + area["w"]
        assert area["y"] < y < area["y"] + area["h"]


def test_the_toy_model_embeds(
    project: Project, start_server: StartServer, read_photo: Callable[[str], bytes]
) -> None:
    TOYS["Add a model"](project)
    server = serve(project, start_server, FACE_MODEL="toy")
    health = httpx.get(f"{server.address}/api/v1/health").json()
    assert (health["model"], health["model_loaded"]) == ("Toy", True)
    first, again, other = (
        extract(server, read_photo(name))
        for name in ("person_a_2.jpg", "person_a_2.jpg", "person_b_1.jpg")
    )
    assert re.fullmatch(r"toy-[0-9a-f]{8}/yunet/similarity", first["model"])
    vectors = np.array([answer["embedding"] for answer in (first, again, other)])
    assert vectors.shape == (3, 512)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(vectors[0], vectors[1])
    assert not np.allclose(vectors[0], vectors[2], atol=1e-3)


def test_the_toy_endpoint_answers_and_is_in_the_document(
    project: Project, start_server: StartServer
) -> None:
    TOYS["Add an endpoint"](project)
    server = serve(project, start_server)
    assert httpx.get(f"{server.address}/api/v1/toy").json() == {"detectors": ["yunet"]}
    assert "/api/v1/toy" in httpx.get(f"{server.address}/openapi.json").json()["paths"]
    # API Gateway's stand-in reads its paths from the template.
    done = subprocess.run(
        [sys.executable, "-c", "from tools.api_gateway import FUNCTIONS; print(FUNCTIONS)"],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": python_path(project)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'/api/v1/toy': 'extract'" in done.stdout
