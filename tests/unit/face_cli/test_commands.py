"""The commands over the real model: what they print, and how they end."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.support.labels import GROUP_FACES
from tests.support.paths import PHOTO_DIR
from tests.support.vectors import cosine_distance
from tests.unit.face_cli.conftest import Ended, Face

MODEL = "mobilefacenet-87aacdfe/yunet/similarity"
PERSON, SAME, OTHER = "person_a_1.jpg", "person_a_2.jpg", "person_b_1.jpg"


@pytest.fixture
def faceless(tmp_path: Path) -> Path:
    file = tmp_path / "wall.png"
    Image.new("RGB", (320, 240), (180, 170, 160)).save(file)
    return file


def assert_fails(ended: Ended, *parts: str) -> None:
    """Asserts that a command has failed with one line and nothing else."""
    assert ended.code == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("face: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.endswith("\n")
    for part in parts:
        assert part in ended.stderr


def test_extract_lists_the_faces(face: Face) -> None:
    ended = face("extract", "sample5.jpg")
    first, *rows = ended.stdout.splitlines()
    assert (ended.code, ended.stderr) == (0, "")
    assert first == f"sample5.jpg: {GROUP_FACES['sample5.jpg']} faces, 1920 x 1398 pixels, {MODEL}"
    assert [row.split("\t")[0] for row in rows] == ["1", "2", "3", "4", "5"]
    assert {len(row.split("\t")) for row in rows} == {9}


def test_extract_prints_embeddings_as_json(face: Face) -> None:
    found = [json.loads(face("extract", name, "--json").stdout) for name in (PERSON, SAME, OTHER)]
    for photo in found:
        assert photo["face_count"] == 1
        assert photo["model"] == photo["faces"][0]["embedding"]["model"] == MODEL
        assert len(photo["faces"][0]["embedding"]["vector"]) == 512
        assert photo["faces"][0]["landmarks"]["nose"]["x"] > 0
    person, same, other = (photo["faces"][0]["embedding"]["vector"] for photo in found)
    assert cosine_distance(person, same) < 0.68 < cosine_distance(person, other)


def test_a_photo_without_a_face_is_not_found(face: Face, faceless: Path) -> None:
    ended = face("extract", faceless)
    assert (ended.code, ended.stderr) == (1, "")
    assert ended.stdout == f"{faceless}: 0 faces, 320 x 240 pixels, {MODEL}\n"


@pytest.mark.parametrize(
    ("photo", "options", "code", "verdict"),
    [
        (SAME, [], 0, "The same person: the cosine distance D is below 0.68.\n"),
        (OTHER, [], 1, "Not the same person: the cosine distance D is not below 0.68.\n"),
        (
            SAME,
            ["--threshold", "0.5"],
            1,
            "Not the same person: the cosine distance D is not below 0.5.\n",
        ),
        (
            SAME,
            ["--metric", "euclidean_l2"],
            0,
            "The same person: the euclidean_l2 distance D is below 1.13.\n",
        ),
        (
            "sample1.jpg",
            ["--largest"],
            1,
            "Not the same person: the cosine distance D is not below 0.68.\n",
        ),
    ],
)
def test_compare_says_the_verdict_with_its_exit_code(
    face: Face, photo: str, options: list[str], code: int, verdict: str
) -> None:
    ended = face("compare", PERSON, photo, *options)
    assert (ended.code, ended.stderr) == (code, "")
    result = face("compare", PERSON, photo, *options, "--json")
    assert (result.code, result.stderr) == (code, "")
    content = json.loads(result.stdout)
    assert content["is_same_person"] is (code == 0)
    assert content["model1"] == content["model2"] == MODEL
    assert ended.stdout == verdict.replace("D", f"{content['distance']:.3f}")


def test_compare_never_takes_a_whole_photo_for_a_face(face: Face, faceless: Path) -> None:
    for options in ([], ["--largest"]):
        ended = face("compare", PERSON, faceless, *options)
        assert_fails(ended, f"{faceless}: No face was detected", "(NO_FACE_DETECTED)")
    assert_fails(face("compare", PERSON, "sample1.jpg"), "sample1.jpg: More than one face")


def test_match_finds_the_person_in_a_folder(face: Face, faceless: Path) -> None:
    folder = faceless.parent / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for source, target in {
        SAME: "1.jpg",
        OTHER: "2.JPG",
        "sample1.jpg": "more/3.jpeg",
        PERSON: ".hidden/4.jpg",
    }.items():
        shutil.copy(PHOTO_DIR / source, folder / target)
    (folder / "notes.txt").write_text("not looked at")
    shutil.copy(faceless, folder)
    ended = face("match", PERSON, folder)
    assert ended.code == 0
    assert ended.stderr == "The person is in 1 of 4 photos.\n"
    rows = {row.split("\t")[0]: row.split("\t")[1:] for row in ended.stdout.splitlines()}
    assert rows[f"{folder}/1.jpg"][0::2] == ["same", "1"]
    assert float(rows[f"{folder}/1.jpg"][1]) == pytest.approx(0.52, abs=0.02)
    assert rows[f"{folder}/2.JPG"][0::2] == ["not the same", "1"]
    assert rows[f"{folder}/more/3.jpeg"][0::2] == ["not the same", "3"]
    assert rows[f"{folder}/wall.png"] == ["no face", "", "0"]

    (folder / "1.jpg").unlink()
    assert face("match", PERSON, folder).code == 1

    # A photo that cannot be used is an error, as in grep, and spoils no other.
    (folder / "broken.jpg").write_text("not a photo")
    ended = face("match", PERSON, folder, "--json")
    assert ended.code == 2
    found = {Path(match["photo"]).name: match for match in json.loads(ended.stdout)}
    assert found["broken.jpg"]["error"]["code"] == "INVALID_IMAGE"
    assert found["2.JPG"]["distance"] == pytest.approx(1.065, abs=0.02)


def test_match_needs_photos(face: Face, tmp_path: Path) -> None:
    assert_fails(face("match", PERSON, tmp_path), "There are no photos in this folder")
    assert_fails(face("match", PERSON, tmp_path / "nowhere"), "No such file or directory")


def test_model_info_describes_the_model(face: Face) -> None:
    rows = dict(row.split("\t") for row in face("model-info").stdout.splitlines())
    assert (rows["identity"], rows["dimensions"]) == (MODEL, "512")
    info = json.loads(face("model-info", "--json").stdout)
    assert info["distance_metrics"]["cosine"] == 0.68
    assert len(info["weights"]) == 2


def test_failures_are_json_for_programs_too(face: Face) -> None:
    ended = face("compare", PERSON, "sample1.jpg", "--json")
    assert ended.code == 2
    assert json.loads(ended.stdout)["error"] == {
        "code": "MULTIPLE_FACES_DETECTED",
        "message": "sample1.jpg: More than one face was detected in the image.",
        "details": {"face_count": 3},
    }
    assert ended.stderr.count("\n") == 1
    ended = face("extract", "missing.jpg", "--json")
    assert json.loads(ended.stdout)["error"]["code"] is None
    assert "No such file" in ended.stderr


def test_names_cannot_control_the_terminal(face: Face, tmp_path: Path) -> None:
    name = "a\x1b[31m\n[bold]\udcff.jpg"
    shutil.copy(PHOTO_DIR / SAME, tmp_path / name)
    ended = face("match", PERSON, tmp_path)
    assert ended.code == 0
    assert ended.stdout.startswith(f"{tmp_path}/a\\x1b[31m\\n[bold]\\udcff.jpg\tsame\t")
    assert_fails(face("extract", f"missing{name}"), "missinga\\x1b[31m")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain"], "No such command 'explain'"),
        (["extract"], "Missing argument 'PHOTO'"),
        (["extract", PERSON, "--colour"], "No such option"),
        (["compare", PERSON, SAME, "--threshold", "0"], "above 0"),
        (["compare", PERSON, SAME, "--threshold", "nan"], "above 0"),
        (["compare", PERSON, SAME, "--metric", "angle"], "cosine"),
        (["extract", PERSON, "--url", "127.0.0.1:8001"], "--url"),
        (["extract", "http://"], "DOWNLOAD_FAILED"),
        (["fetch", "--model", "unknown"], "FACE_MODEL"),
        (["serve", "--port", "0"], "PORT"),
    ],
)
def test_wrong_arguments_are_one_line(face: Face, arguments: list[str], message: str) -> None:
    assert_fails(face(*arguments), message)


def test_help_lists_the_commands(face: Face) -> None:
    ended = face()
    assert (ended.code, ended.stderr) == (0, "")
    for command in ("extract", "compare", "match", "model-info", "fetch", "serve"):
        assert f"\n  {command} " in ended.stdout
        assert face(command, "--help").code == 0
