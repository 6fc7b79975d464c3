import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import read_catalog, source_of
from face_engine.model.folder import MANIFEST_FILE, ModelFolder
from model_build.bake import bake
from tests.support.launchers import SIGINT_IGNORED
from tests.support.paths import MODEL_DIR, subprocess_environment

ENTRY = read_catalog().models["mobilefacenet"]
YUNET = source_of(ENTRY.detectors["yunet"])
# Root may write everywhere, so the question is asked by an unprivileged process. It starts in the
# folder and imports all it needs as root: later it may pass through none of the folders above.
FIND_AS_NOBODY = """
import os
from pathlib import Path
from face_contract.errors import ModelUnavailable
from face_engine.model.catalog import read_catalog
from face_engine.model.folder import ModelFolder
entry = read_catalog().models["mobilefacenet"]
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    for weights in entry.weights:
        ModelFolder(Path()).find(entry, weights)
except ModelUnavailable as error:
    print(error.message)
else:
    print("found")
"""


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)


def make_read_only(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.fixture
def baked(tmp_path: Path) -> Path:
    folder = tmp_path / "baked"
    bake(ENTRY, MODEL_DIR, folder)
    return folder


def test_the_weights_in_use_are_intact() -> None:
    for weights in ENTRY.artifacts:
        assert ModelFolder(MODEL_DIR).find(ENTRY, weights) == MODEL_DIR / weights.file


def test_missing_and_broken_files_name_the_command(tmp_path: Path) -> None:
    weights = YUNET
    with pytest.raises(ModelUnavailable, match=r"is missing\. `make weights FACE_MODEL=mobilef"):
        ModelFolder(tmp_path).find(ENTRY, weights)
    file = tmp_path / weights.file
    shutil.copy(MODEL_DIR / weights.file, file)
    flip_a_bit(file)
    with pytest.raises(ModelUnavailable, match=r"is broken\. `make weights FACE_MODEL=mobilef"):
        ModelFolder(tmp_path).find(ENTRY, weights)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelUnavailable):
        ModelFolder(tmp_path).find(ENTRY, weights)


def test_a_bake_leaves_the_files_and_their_manifest(baked: Path) -> None:
    manifest = ModelFolder(baked).manifest
    assert {path.name for path in baked.iterdir()} == {MANIFEST_FILE, *manifest}
    for weights in ENTRY.weights:
        assert manifest[weights.file].made_of == source_of(weights).sha256
        assert ModelFolder(baked).find(ENTRY, weights)


def test_a_bake_refuses_broken_artifacts(tmp_path: Path) -> None:
    for weights in ENTRY.artifacts:
        shutil.copy(MODEL_DIR / weights.file, tmp_path)
    flip_a_bit(tmp_path / YUNET.file)
    with pytest.raises(ModelUnavailable, match=YUNET.file):
        bake(ENTRY, tmp_path, tmp_path / "baked")
    assert ENTRY.detectors["yunet"].file not in ModelFolder(tmp_path / "baked").manifest


@pytest.mark.parametrize("launcher", [(), SIGINT_IGNORED], ids=["default", "ignored"])
def test_an_interrupted_bake_says_so_and_no_more(tmp_path: Path, launcher: tuple[str, ...]) -> None:
    catalog = tmp_path / "catalog.toml"
    os.mkfifo(catalog)
    command = [*launcher, sys.executable, "-m", "model_build.bake", "--model", "mobilefacenet"]
    process = subprocess.Popen(
        [*command, "--sources", str(MODEL_DIR), "--into", str(tmp_path), "--catalog", str(catalog)],
        env=subprocess_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    # Opens once the other end is open: it waits for a catalogue then.
    with catalog.open("w"):
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == "Interrupted; the next run goes on from here.\n"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": [{"file": "x"}]}', "\xff"])
def test_a_broken_manifest_vouches_for_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST_FILE).write_text(content, "latin-1")
    assert ModelFolder(tmp_path).manifest == {}


def test_where_it_can_write_it_hashes_in_spite_of_the_manifest(baked: Path) -> None:
    for weights in ENTRY.weights:
        flip_a_bit(baked / weights.file)
        with pytest.raises(ModelUnavailable):
            ModelFolder(baked).find(ENTRY, weights)


@pytest.mark.parametrize(
    ("harm", "answer"),
    [
        ("none", "found"),
        ("bit", "found"),
        ("bit, other hash vouched for", "is broken"),
        ("bit, no manifest", "is broken"),
        ("bit, file can be written", "is broken"),
        ("bit, folder can be written", "is broken"),
        ("size", "is broken"),
    ],
)
def test_where_it_cannot_write_it_trusts_the_manifest_and_the_size(
    baked: Path, harm: str, answer: str
) -> None:
    """The flipped bit shows whether the file was hashed."""
    file, manifest = baked / ENTRY.embedder.file, baked / MANIFEST_FILE
    if "bit" in harm:
        flip_a_bit(file)
    if "size" in harm:
        file.write_bytes(file.read_bytes()[:-1])
    if "other hash" in harm:
        content = json.loads(manifest.read_text())
        for entry in content["files"]:
            entry["sha256"] = "0" * 64
        manifest.write_text(json.dumps(content))
    if "no manifest" in harm:
        manifest.unlink()
    make_read_only(baked)
    if "file can" in harm:
        file.chmod(0o666)
    if "folder can" in harm:
        baked.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-c", FIND_AS_NOBODY],
        cwd=baked,
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer in done.stdout
