"""What is in the images, and what is not."""

import json
import os
import re
import stat
from collections.abc import Callable

import pytest

from face_contract import __version__
from face_engine.model.catalog import read_catalog, source_of
from face_engine.model.folder import ModelFolder
from tests.image.conftest import Files
from tests.support.paths import ROOT
from tools.base_image import NAME
from tools.image_contents import SMALL_BYTES, files_above, parts_of
from tools.mounted_image import MountedImage

IMAGES = ("face-extract", "face-compare", "face-local")
# 8 MB of extract are boto3, which the base of the tests lacks.
MAX_BYTES = {"face-extract": 233e6, "face-compare": 25e6, "face-local": 235e6}
NOT_WANTED = re.compile(
    r"(^|/)(gcc|cc|g\+\+|clang|ld|make|cmake|pip|npm|node|pytest|tests?|\.?cache|\.git|tensorflow[^/]*"
    r"|tf_?keras[^/]*|build|\.env|\.npmrc|pip\.conf|[^/]+\.(h5|a|o|c|h|tar|whl))(/|$)"
)
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[0-9A-Za-z+/]{40}|\bAKIA[0-9A-Z]{16}\b|_authToken"
    rb"|(?i:secret_access_key)[\"' ]*[=:][\"' ]*[0-9A-Za-z/+]{40}"
)


@pytest.mark.parametrize("name", IMAGES)
def test_size(files: Files, report_figure: Callable[[str], None], name: str) -> None:
    size = sum(files[name].values())
    report_figure(
        f"{name}: {size / 1e6:.1f} MB on top of its base image, in {len(files[name])} files"
    )
    assert size <= MAX_BYTES[name]


@pytest.mark.parametrize("name", IMAGES)
def test_every_large_part_has_a_reason(images: dict[str, MountedImage], name: str) -> None:
    parts = parts_of(files_above(images[name], images[NAME]))
    assert [p.path for p in parts if p.bytes >= SMALL_BYTES and p.reason is None] == []


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_is_there_that_only_a_build_or_a_test_needs(files: Files, name: str) -> None:
    assert [path for path in files[name] if NOT_WANTED.search(path)] == []


@pytest.mark.parametrize("name", IMAGES)
def test_no_code_that_fetches_or_bakes_is_there(files: Files, name: str) -> None:
    build_code = {path.name for path in (ROOT / "model_build").glob("*.py")}
    # Of the same name: what runs a network, and what converts it.
    build_code -= {path.name for path in (ROOT / "layers").rglob("*.py")}
    assert "fetch.py" in build_code
    ours = [path for path in files[name] if "/face_" in path or "/functions/" in path]
    assert ours
    assert [path for path in ours if path.rpartition("/")[2] in build_code] == []
    assert [path for path in files[name] if "model_build" in path] == []


@pytest.mark.parametrize("name", IMAGES)
def test_nobody_may_write_the_code_and_everybody_may_read_it(
    images: dict[str, MountedImage], files: Files, name: str
) -> None:
    root = images[name].root
    for path in files[name]:
        if not path.startswith(("var/task/", "opt/server/")):
            continue
        status = (root / path).lstat()
        assert stat.S_ISREG(status.st_mode), path
        assert status.st_uid == 0, path
        assert not status.st_mode & 0o222, path
        assert status.st_mode & 0o444 == 0o444, path
        folder = (root / path).parent.stat().st_mode
        assert not folder & 0o022, path
        assert folder & 0o555 == 0o555, path


@pytest.mark.parametrize("name", IMAGES)
def test_all_python_is_compiled_for_good(
    images: dict[str, MountedImage], files: Files, name: str
) -> None:
    """The second word of a .pyc is 1 when its source is not looked at again (PEP 552)."""
    sources = [path for path in files[name] if path.endswith(".py")]
    assert len(sources) > 300
    for path in sources:
        folder, _, module = path.rpartition("/")
        compiled = f"{folder}/__pycache__/{module[:-3]}.cpython-313.pyc"
        assert compiled in files[name], path
        with (images[name].root / compiled).open("rb") as file:
            assert file.read(8)[4:] == b"\x01\0\0\0", path


@pytest.mark.parametrize("name", IMAGES)
def test_there_is_no_secret_and_no_trace_of_the_machine_that_built_it(
    images: dict[str, MountedImage], files: Files, name: str
) -> None:
    traces = [str(ROOT).encode(), b"/opt/build/", b"/build/images", b"/build/requirements"]
    proxies = (os.environ.get(key, "") for key in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY"))
    traces += [proxy.encode() for proxy in proxies if proxy]
    ours = [p for p in files[name] if "/face_" in p or "/functions/" in p or p.endswith(".json")]
    assert ours
    for path in files[name]:
        content = (images[name].root / path).read_bytes()
        assert not SECRETS.search(content), path
        if path in ours or path.endswith(".pyc"):
            assert not any(trace in content for trace in traces), path
    configuration = json.dumps(images[name].config)
    assert not SECRETS.search(configuration.encode())
    assert not any(trace.decode() in configuration for trace in traces)


def test_labels(images: dict[str, MountedImage]) -> None:
    for name in ("face-extract", "face-compare"):
        labels = images[name].config["Labels"]
        oci = {
            key.removeprefix("org.opencontainers.image."): value
            for key, value in labels.items()
            if key.startswith("org.opencontainers.image.")
        }
        assert oci["title"] == name.removeprefix("face-")
        assert oci["version"] == __version__
        assert oci["base.name"] == NAME
        assert re.fullmatch(r"[0-9a-f]{40}", oci["revision"])
        assert not oci["source"].startswith(("/", "file:"))


def test_the_weights_are_the_catalogues(images: dict[str, MountedImage]) -> None:
    entry = read_catalog().models["mobilefacenet"]
    image = images["face-extract"]
    labels = image.config["Labels"]
    manifest = ModelFolder(image.root / "var/task/models").manifest
    assert labels["face.model"] == image.variables["FACE_MODEL"] == entry.key
    for weights in entry.weights:
        source = source_of(weights)
        assert labels[f"face.weights.{source.file}"] == f"sha256:{source.sha256}"
        assert manifest[weights.file].made_of == source.sha256
    assert len([key for key in labels if key.startswith("face.weights.")]) == len(entry.artifacts)


def test_a_face_was_embedded_before_there_was_an_image(images: dict[str, MountedImage]) -> None:
    result = json.loads((images["face-extract"].root / "var/task/smoke-test.json").read_text())
    assert result == {
        "handler": "functions.extract.handler.handler",
        "status": 200,
        "face_count": 1,
        "model": "mobilefacenet-87aacdfe/yunet/similarity",
        "embedding_dimensions": 512,
    }
    result = json.loads((images["face-compare"].root / "var/task/smoke-test.json").read_text())
    assert result == {"handler": "functions.compare.handler.handler", "status": 200}


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("face-extract", "var/task"),
        ("face-compare", "var/task"),
        ("face-local", "opt/server"),
    ],
)
def test_the_licences_of_everything_are_in_one_file(
    images: dict[str, MountedImage], files: Files, name: str, folder: str
) -> None:
    licences = (images[name].root / folder / "LICENCES.txt").read_text("utf-8")
    packages = {
        match[1]
        for path in files[name]
        if (match := re.match(rf"{folder}/([^/]+)-[^-/]+\.dist-info/METADATA$", path))
    }
    assert packages
    sections = {
        match[1].lower().replace("-", "_").replace(".", "_")
        for match in re.finditer(r"^={78}\n(\S+) \S+: \S", licences, re.MULTILINE)
    }
    assert {package.lower().replace(".", "_") for package in packages} <= sections
    for path in files[name]:
        if re.match(rf"{folder}/[^/]+\.dist-info/licenses/[^/]+$", path):
            assert path.removeprefix(f"{folder}/") in licences
    if name == "face-extract":
        for weights in read_catalog().models["mobilefacenet"].artifacts:
            assert f"{weights.file} (" in licences
