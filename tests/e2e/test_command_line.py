"""`face` as people start it: its own process, terminals, pipes, signals and services."""

import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.answers import same
from tests.support.documents import code_blocks
from tests.support.launchers import SIGINT_IGNORED
from tests.support.paths import MODEL_DIR, PHOTO_DIR, ROOT, subprocess_environment
from tests.support.scripted_service import (
    HEALTHY,
    MODEL,
    Reply,
    extraction,
    failure,
    ok,
    serve_script,
)
from tools.lambda_pool import free_port
from tools.local_server import LocalServer, wait_for_answer

FACE = str(Path(sys.executable).with_name("face"))
DOCUMENT = ROOT / "docs" / "command-line.md"
PERSON, SAME, OTHER = "person_a_1.jpg", "person_a_2.jpg", "person_b_1.jpg"
ESCAPE = "\x1b"


def run(
    *arguments: object, folder: Path = PHOTO_DIR, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs `face` with pipes, in the folder of the photos."""
    return subprocess.run(
        [FACE, *map(str, arguments)],
        cwd=folder,
        env=subprocess_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Asserts that a command has failed with one line and nothing else."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert re.fullmatch(r"face: .+\n", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder as in the document: two photos of a person, and a folder of photos."""
    (tmp_path / "photos").mkdir()
    for source, target in {
        PERSON: "person.jpg",
        SAME: "found.jpg",
        OTHER: "photos/a photo of somebody else with quite a long name.jpg",
        "person_b_2.jpg": "photos/2.jpg",
    }.items():
        shutil.copy(PHOTO_DIR / source, tmp_path / target)
    shutil.copy(PHOTO_DIR / SAME, tmp_path / "photos")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "variables", "parts"),
    [
        (["extract", "missing.jpg"], {}, ["missing.jpg: No such file or directory"]),
        (["extract", "."], {}, ["Is a directory"]),
        (["extract", str(ROOT / "pyproject.toml")], {}, ["pyproject.toml", "INVALID_IMAGE"]),
        (["extract", PERSON], {"MODEL_DIR": "/nowhere"}, ["MODEL_UNAVAILABLE", "make weights"]),
        (["extract", PERSON], {"FACE_MODEL": "other"}, ["FACE_MODEL"]),
        (["fetch"], {"MODEL_DIR": "/dev/null/models"}, ["/dev/null"]),
        (["serve"], {"PORT": "many"}, ["PORT"]),
        (["health"], {}, ["No such command"]),
    ],
)
def test_failures_are_one_line(
    arguments: list[str], variables: dict[str, str], parts: list[str]
) -> None:
    assert_one_line(run(*arguments, folder=PHOTO_DIR, **variables), *parts)


def test_failures_of_a_service_are_one_line() -> None:
    assert_one_line(
        run("model-info", "--url", f"http://127.0.0.1:{free_port()}"), "cannot be reached"
    )
    replies = failure(418, "TEAPOT"), Reply(500, b"<html>\nTraceback"), Reply(200, b"{}")
    with serve_script(*replies) as service:
        url = ["--url", service.address]
        assert_one_line(run("model-info", *url, FACE_API_KEY="k3y"), "It is TEAPOT. (TEAPOT)")
        assert_one_line(run("extract", PERSON, *url, "--api-key", "other"), "status 500")
        assert_one_line(run("compare", PERSON, SAME, *url), "cannot be used", "`model`")
        keys = [request.headers.get("x-api-key") for request in service.requests]
    assert keys == ["k3y", "other", None]


def test_a_photo_that_a_service_fails_with_spoils_no_other(photos: Path) -> None:
    found = {"is_same_person": True, "distance": 0.5, "face_count": 1, "model": MODEL}
    matches = ok(
        matches=[found],
        threshold_used=0.68,
        distance_metric="cosine",
        model=MODEL,
        processing_time_ms=1.0,
    )
    replies = ok(**extraction()), failure(413, "PAYLOAD_TOO_LARGE"), matches
    (photos / "photos" / "unreadable.jpg").symlink_to("nowhere")
    with serve_script(*replies) as service:
        done = run("match", "person.jpg", "photos", "--url", service.address, folder=photos)
        gone = failure(403, "FORBIDDEN")
        service.replies[:] = [ok(**extraction()), gone]
        refused = run("match", "person.jpg", "photos", "--url", service.address, folder=photos)
    verdicts = [line.split("\t")[1] for line in done.stdout.splitlines()]
    assert sorted(verdicts) == ["FileNotFoundError", "PAYLOAD_TOO_LARGE", "same", "same"]
    assert (done.returncode, done.stderr) == (2, "The person is in 2 of 4 photos.\n")
    # What happens to all others too ends the search.
    assert_one_line(refused, "FORBIDDEN")


def test_a_service_and_this_process_give_the_same_results(
    server: LocalServer, photos: Path
) -> None:
    for arguments in (
        ["extract", "found.jpg"],
        ["compare", "person.jpg", "found.jpg"],
        ["match", "person.jpg", "photos"],
    ):
        here = run(*arguments, "--json", folder=photos)
        there = run(*arguments, "--json", "--url", server.address, folder=photos)
        assert here.returncode == there.returncode == 0, here.stderr + there.stderr
        assert here.stderr == there.stderr
        assert same(json.loads(here.stdout), json.loads(there.stdout))


def run_on_terminal(*arguments: str, folder: Path, **variables: str) -> str:
    """Runs `face` on a terminal, and returns what that shows."""
    screen, terminal = pty.openpty()
    environment = subprocess_environment(**{"TERM": "xterm-256color", **variables})
    for name in {"NO_COLOR", "FORCE_COLOR"} - variables.keys():
        environment.pop(name, None)
    with subprocess.Popen(
        [FACE, *arguments],
        cwd=folder,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        shown = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([screen], [], [], 1)[0]:
                try:
                    shown += os.read(screen, 65536)
                except OSError:
                    # The terminal's other end was closed.
                    break
        assert process.wait(10) == 0, shown
    os.close(screen)
    return shown.decode()


def without_escapes(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def test_a_terminal_shows_a_table_and_a_progress_bar(photos: Path) -> None:
    shown = run_on_terminal("match", "person.jpg", "photos", folder=photos, COLUMNS="100")
    plain = without_escapes(shown)
    assert re.search(r"photo +verdict +distance +faces", plain)
    assert re.search(r"photos/person_a_2\.jpg +same +0\.5\d\d +1", plain)
    assert "3/3" in plain
    assert "\t" not in plain
    verdict = ["compare", "person.jpg", "found.jpg"]
    assert f"{ESCAPE}[32mThe same person" in run_on_terminal(*verdict, folder=photos)
    assert ESCAPE not in run_on_terminal(*verdict, folder=photos, NO_COLOR="1")
    assert ESCAPE not in run_on_terminal(*verdict, folder=photos, TERM="dumb")


@pytest.mark.parametrize("columns", [36, 60])
def test_a_narrow_terminal_cuts_nothing_off(photos: Path, columns: int) -> None:
    shown = run_on_terminal("match", "person.jpg", "photos", folder=photos, COLUMNS=str(columns))
    plain = without_escapes(shown)
    lines = plain[plain.index("photo ") : plain.index("The person")].splitlines()
    assert max(len(line.rstrip()) for line in lines) <= columns
    # The first column, without the spaces at which its lines may be broken.
    names = "".join(line[: lines[0].index("v")] for line in lines).replace(" ", "")
    assert names == "".join(
        (
            "photo",
            "photos/2.jpg",
            "photos/aphotoofsomebodyelsewithquitealongname.jpg",
            "photos/person_a_2.jpg",
        )
    )


def test_pipes_get_plain_lines_whatever_their_width(photos: Path) -> None:
    done = run("match", "person.jpg", "photos", folder=photos, COLUMNS="20")
    assert done.returncode == 0
    assert ESCAPE not in done.stdout + done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [len(row) for row in rows] == [4, 4, 4]
    assert rows[1][0] == "photos/a photo of somebody else with quite a long name.jpg"
    assert done.stderr == "The person is in 1 of 3 photos.\n"


def test_any_name_can_be_printed_in_any_encoding(photos: Path) -> None:
    (photos / "photos" / "2.jpg").rename(photos / "photos" / "é\u4f60.jpg")
    # As in a CI job that wants colours.
    done = run(
        "match",
        "person.jpg",
        "photos",
        folder=photos,
        PYTHONIOENCODING="ascii",
        LC_ALL="C",
        FORCE_COLOR="1",
    )
    assert (done.returncode, done.stderr) == (0, "The person is in 1 of 3 photos.\n")
    assert "\nphotos/\\xe9\\u4f60.jpg\tnot the same\t" in done.stdout


def test_a_reader_that_has_enough_is_no_failure_to_explain() -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{shlex.quote(str(FACE))} model-info --json | true; echo ${{PIPESTATUS[0]}}",
        ],
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


@pytest.mark.parametrize("launcher", [(), SIGINT_IGNORED], ids=["default", "ignored"])
def test_an_interrupt_is_quiet_and_quick(photos: Path, launcher: tuple[str, ...]) -> None:
    with serve_script(Reply(200, HEALTHY.body, pause_s=0.5)) as service:
        process = subprocess.Popen(
            [*launcher, FACE, "match", "person.jpg", "photos", "--url", service.address],
            cwd=photos,
            env=subprocess_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 30
        while not service.requests:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")
    assert time.monotonic() - start < 5


def test_serve_is_the_local_server_and_ends_quietly(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [FACE, "serve", "--host", "127.0.0.1", "--port", str(port)],
        # Not in the clone: its models are found all the same.
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "MODEL_DIR"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    answer = wait_for_answer(f"http://127.0.0.1:{port}", process, 60)
    assert answer.json()["model_loaded"] is True
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert f"Serving at http://127.0.0.1:{port} " in said
    assert "Traceback" not in said
    assert process.returncode == 0


def test_a_port_that_is_taken_is_an_error(server: LocalServer) -> None:
    done = run("serve", "--host", "127.0.0.1", "--port", server.port)
    assert done.returncode == 2
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_in_the_current_folder_is_taken_for_a_package(photos: Path) -> None:
    for name in ("rich", "numpy", "face_cli", "json"):
        (photos / f"{name}.py").write_text("raise SystemExit('taken for a package')\n")
    link = photos / "linked"
    link.symlink_to(FACE)
    done = subprocess.run(
        [link, "compare", "person.jpg", "found.jpg"],
        cwd=photos,
        env=subprocess_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes_commands_options_and_files(tmp_path: Path) -> None:
    # By name: the shell that runs these tests may be any.
    script = run("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert script.returncode == 0
    program = f"""
        {script.stdout}
        PATH="{Path(FACE).parent}:$PATH"
        COMP_WORDS=(face m) COMP_CWORD=1
        _face_completion face
        printf '%s\\n' "${{COMPREPLY[@]}}"
        COMP_WORDS=(face compare --t) COMP_CWORD=2
        _face_completion face
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["match", "model-info", "--threshold"]


# Changes files of the user's shell.
NOT_RUN = {"face --install-completion", "face --show-completion"}


def test_the_commands_in_the_document_run(photos: Path, server: LocalServer) -> None:
    # Not those of the clone: `face fetch` writes the manifest anew.
    shutil.copytree(MODEL_DIR, photos / "models")
    lines = "".join(code_blocks(DOCUMENT.read_text("utf-8"), "sh")).splitlines()
    commands = [line.partition("#")[0].strip() for line in lines]
    assert set(commands) > NOT_RUN
    assert "face serve" in commands
    path = f"{Path(FACE).parent}:{os.environ['PATH']}"
    for command in commands:
        # Each has a test above.
        if command in NOT_RUN or command == "face serve":
            continue
        done = subprocess.run(
            ["bash", "-c", command.replace("http://127.0.0.1:8001", server.address)],
            cwd=photos,
            env=subprocess_environment(PATH=path, MODEL_DIR=str(photos / "models")),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        if "--json" in shlex.split(command):
            json.loads(done.stdout)
        if "| grep" in command:
            assert done.stdout == "photos/person_a_2.jpg\n"
        if command.startswith("if "):
            assert done.stdout == "welcome\n"
