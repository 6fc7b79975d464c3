"""Downloads that are interrupted, from a server on loopback that does as it is told."""

import hashlib
import http.server
import os
import pty
import random
import re
import signal
import ssl
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from face_engine.model.catalog import UrlSource
from model_build.fetch import FetchFailed, fetch_artifacts
from model_build.fetch_url import ATTEMPTS
from tests.support.catalogs import artifact, write_catalog
from tests.support.paths import subprocess_environment
from tools.loopback_server import serve_in_thread

CONTENT = random.Random(1).randbytes(300_000)
OTHER = CONTENT[::-1]


@dataclass
class Answer:
    """How the server answers one request."""

    content: bytes = CONTENT
    etag: str | None = '"one"'
    status: int = 200
    ranges: bool = True
    obeys_if_range: bool = True
    content_range: str | None = None
    tells_length: bool = True
    # The connection is dropped, or held, after so many bytes of the body.
    drop_after: int | None = None
    hold_after: int | None = None


@dataclass
class Script:
    """The answers of each path in turn, the last one for ever, and the headers that came."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    sent: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def ranges(self) -> list[str | None]:
        return [asked for _, asked, _ in self.requests]


class Handler(http.server.BaseHTTPRequestHandler):
    script: Script

    def do_GET(self) -> None:
        asked, condition = self.headers["Range"], self.headers["If-Range"]
        self.script.requests.append((self.path, asked, condition))
        answers = self.script.answers[self.path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.status >= 400:
            self.send_error(answer.status)
            return
        total, start = len(answer.content), 0
        changed = answer.obeys_if_range and condition not in (None, answer.etag)
        if asked and answer.ranges and not changed:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])  # type: ignore[index]
            self.send_response(206)
            whole = f"bytes {start}-{total - 1}/{total}"
            self.send_header("Content-Range", answer.content_range or whole)
        else:
            self.send_response(200)
        if answer.etag:
            self.send_header("ETag", answer.etag)
        if answer.tells_length:
            self.send_header("Content-Length", str(total - start))
        self.end_headers()
        self.send_body(answer, answer.content[start:])

    def send_body(self, answer: Answer, body: bytes) -> None:
        stop = answer.drop_after or answer.hold_after or len(body)
        # Before they are sent: a test looks as soon as the client has the last byte.
        self.script.sent += len(body[:stop])
        try:
            self.wfile.write(body[:stop])
            if answer.hold_after is not None:
                self.script.released.wait(20)
        except OSError:
            # The client reads no more.
            self.script.sent -= len(body[:stop])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(script: Script, context: ssl.SSLContext | None = None) -> Iterator[None]:
    handler = type("Scripted", (Handler,), {"script": script})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with serve_in_thread(server):
        scheme = "https" if context else "http"
        script.address = f"{scheme}://127.0.0.1:{server.server_port}"
        yield
        script.released.set()


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    with serve(script):
        yield script


def fetch(script: Script, folder: Path, *paths: str, size: int = len(CONTENT)) -> None:
    sources = tuple(UrlSource(f"{script.address}{path}") for path in paths)
    wanted = artifact(CONTENT, *sources, size=size)
    fetch_artifacts([wanted], folder, retry_pause_s=0)


def assert_complete(folder: Path) -> None:
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "net.onnx"]


def command(folder: Path, url: str) -> list[str]:
    catalog = write_catalog(folder, CONTENT, url)
    module = [sys.executable, "-m", "model_build.fetch"]
    return [*module, "--catalog", str(catalog), "--into", str(folder / "models")]


def test_a_dropped_connection_is_continued_at_once(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(drop_after=100_000), Answer(drop_after=50_000), Answer()]
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    assert script.requests == [
        ("/net", None, None),
        ("/net", "bytes=100000-", '"one"'),
        ("/net", "bytes=150000-", '"one"'),
    ]
    assert script.sent == len(CONTENT)


def test_the_next_run_continues(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(drop_after=100_000), Answer(status=503)]
    with pytest.raises(FetchFailed, match=rf"HTTP 503 .*\({ATTEMPTS} attempts\)"):
        fetch(script, tmp_path, "/net")
    assert not (tmp_path / "net.onnx").exists()
    script.answers["/net"] = [Answer()]
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    assert script.ranges() == [None, *["bytes=100000-"] * ATTEMPTS]
    assert script.sent == len(CONTENT)


def test_a_killed_process_is_continued_by_the_next(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(hold_after=200_000), Answer()]
    fetch_command = command(tmp_path, f"{script.address}/net")
    models = tmp_path / "models"
    process = subprocess.Popen(fetch_command, env=subprocess_environment())
    deadline = time.monotonic() + 20
    # Written by chunks of 65,536.
    while sum(file.stat().st_size for file in models.rglob("content")) < 3 * 65_536:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (models / "net.onnx").exists()
    subprocess.run(fetch_command, env=subprocess_environment(), check=True)
    assert_complete(models)
    assert script.ranges() == [None, "bytes=196608-"]


def test_a_server_without_ranges_starts_from_zero(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(drop_after=100_000), Answer(ranges=False)]
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    assert script.ranges() == [None, "bytes=100000-"]


@pytest.mark.parametrize("etag", [None, 'W/"one"'])
def test_without_a_strong_etag_the_range_is_asked_for_alone(
    script: Script, tmp_path: Path, etag: str | None
) -> None:
    script.answers["/net"] = [Answer(drop_after=100_000, etag=etag), Answer(etag=etag)]
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    assert script.requests[1] == ("/net", "bytes=100000-", None)


@pytest.mark.parametrize("obeys_if_range", [True, False])
def test_a_changed_etag_starts_from_zero(
    script: Script, tmp_path: Path, obeys_if_range: bool
) -> None:
    new = Answer(etag='"two"', obeys_if_range=obeys_if_range)
    script.answers["/net"] = [Answer(OTHER, drop_after=100_000), new]
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    asked = [None, "bytes=100000-"] if obeys_if_range else [None, "bytes=100000-", None]
    assert script.ranges() == asked


@pytest.mark.parametrize(
    "content_range", ["bytes 0-299999/300000", "bytes 100000-299999/300001", "pages 1-2/3"]
)
def test_a_wrong_content_range_starts_from_zero(
    script: Script, tmp_path: Path, content_range: str
) -> None:
    wrong = Answer(content_range=content_range)
    script.answers["/net"] = [Answer(drop_after=100_000), wrong, Answer()]
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    assert script.ranges() == [None, "bytes=100000-", None]


def test_a_range_that_the_server_refuses_starts_from_zero(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(drop_after=100_000), Answer(status=416), Answer()]
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    assert script.ranges() == [None, "bytes=100000-", None]


def test_a_wrong_hash_is_dropped_and_the_next_source_starts_from_zero(
    script: Script, tmp_path: Path
) -> None:
    script.answers["/wrong"] = [Answer(OTHER)]
    script.answers["/dropped"] = [Answer(drop_after=1000), Answer(status=404)]
    with pytest.raises(FetchFailed) as caught:
        fetch(script, tmp_path, "/wrong", "/dropped")
    assert "/wrong: what came has another SHA-256" in str(caught.value)
    assert "/dropped: HTTP 404" in str(caught.value)
    # Of the wrong one nothing is left; the dropped one is kept, and no other source continues it.
    assert [file.stat().st_size for file in tmp_path.rglob("content")] == [1000]
    script.answers["/net"] = [Answer()]
    script.requests.clear()
    fetch(script, tmp_path, "/wrong", "/net", "/dropped")
    assert_complete(tmp_path)
    assert script.requests == [("/wrong", None, None), ("/net", None, None)]


def test_a_file_of_another_size_is_not_read(script: Script, tmp_path: Path) -> None:
    script.answers["/long"] = [Answer(CONTENT + b"more")]
    script.answers["/short"] = [Answer(CONTENT[:-1])]
    with pytest.raises(FetchFailed) as caught:
        fetch(script, tmp_path, "/long", "/short")
    assert "/long: it offers 300,004 bytes instead of 300,000" in str(caught.value)
    assert "/short: it offers 299,999 bytes instead of 300,000" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_an_endless_body_is_read_no_further_than_the_catalogue_says(
    script: Script, tmp_path: Path
) -> None:
    endless = OTHER * 200
    script.answers["/endless"] = [Answer(endless, tells_length=False)]
    with pytest.raises(FetchFailed, match="another SHA-256"):
        fetch(script, tmp_path, "/endless")
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    # What was under way in the sockets' buffers is not the client's reading. The server learns that
    # the client has gone a moment later.
    deadline_s = time.monotonic() + 10
    while script.sent == len(endless) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert script.sent < len(endless)


def test_a_page_that_a_proxy_puts_in_between_does_not_cost_what_came(
    script: Script, tmp_path: Path
) -> None:
    page = Answer(b"<html>Sign in</html>", etag=None, ranges=False)
    script.answers["/net"] = [Answer(drop_after=100_000), page]
    with pytest.raises(FetchFailed, match="it offers 20 bytes"):
        fetch(script, tmp_path, "/net")
    script.answers["/net"] = [Answer()]
    fetch(script, tmp_path, "/net")
    assert script.ranges()[-1] == "bytes=100000-"
    assert_complete(tmp_path)


def test_what_came_whole_before_a_kill_is_only_checked(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(drop_after=100_000), Answer(status=404)]
    with pytest.raises(FetchFailed):
        fetch(script, tmp_path, "/net")
    next(tmp_path.rglob("content")).write_bytes(CONTENT)
    script.requests.clear()
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)
    assert script.requests == []


def test_a_file_put_there_by_hand_ends_the_download(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(drop_after=100_000), Answer(status=404)]
    with pytest.raises(FetchFailed):
        fetch(script, tmp_path, "/net")
    (tmp_path / "net.onnx").write_bytes(CONTENT)
    fetch(script, tmp_path, "/net")
    assert_complete(tmp_path)


def test_when_all_sources_fail_the_message_says_why_and_what_to_do(
    script: Script, tmp_path: Path
) -> None:
    script.answers["/missing"] = [Answer(status=404)]
    script.answers["/busy"] = [Answer(status=429)]
    script.answers["/dropping"] = [Answer(drop_after=10, ranges=False)]
    with pytest.raises(FetchFailed) as caught:
        fetch(script, tmp_path, "/missing", "/busy", "/dropping")
    attempts = f"({ATTEMPTS} attempts)"
    assert str(caught.value).splitlines() == [
        "net.onnx could not be fetched:",
        f"  {script.address}/missing: HTTP 404 Not Found",
        f"  {script.address}/busy: HTTP 429 Too Many Requests {attempts}",
        f"  {script.address}/dropping: the connection ended after 10 of 300,000 bytes {attempts}",
        f"To do it by hand, put a file with SHA-256 {hashlib.sha256(CONTENT).hexdigest()} "
        f"under that name into {tmp_path} and run the command again.",
    ]
    paths = [path for path, _, _ in script.requests]
    assert paths == ["/missing", *["/busy"] * ATTEMPTS, *["/dropping"] * ATTEMPTS]


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"refused \(4 attempts\)"):
        fetch(Script(address="http://127.0.0.1:9"), tmp_path, "/net")


def test_the_bar_starts_where_the_download_is_continued(script: Script, tmp_path: Path) -> None:
    script.answers["/net"] = [Answer(drop_after=150_000), Answer(status=404)]
    fetch_command = command(tmp_path, f"{script.address}/net")
    subprocess.run(fetch_command, env=subprocess_environment(), check=False)
    script.answers["/net"] = [Answer()]
    terminal, child_side = pty.openpty()
    termios.tcsetwinsize(child_side, (24, 100))
    subprocess.run(fetch_command, env=subprocess_environment(), stderr=child_side, check=True)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    os.close(child_side)
    percentages = [int(number) for number in re.findall(r"(\d+)%", shown)]
    assert percentages[0] == 50
    assert percentages[-1] == 100


def test_a_private_certificate_authority_is_named_by_ssl_cert_file(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    script = Script({"/net": [Answer()]})
    with serve(script, context):
        fetch_command = command(tmp_path, f"{script.address}/net")
        refused = subprocess.run(
            fetch_command,
            env=subprocess_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        trusting = subprocess_environment(SSL_CERT_FILE=str(bundle))
        subprocess.run(fetch_command, env=trusting, check=True)
    assert refused.returncode == 1
    assert "SSL_CERT_FILE can name another CA bundle" in refused.stderr
    assert_complete(tmp_path / "models")
