"""The local server as people start it: its own process, on loopback."""

import base64
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx
import pytest
from PIL import Image

from tests.conftest import ReadPhoto, StartServer
from tests.support.hostile_files import bombs, tiny_blocks
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.paths import subprocess_environment
from tests.support.photo_files import encode

EXTRACT = "/api/v1/extract-embedding"


@pytest.mark.alone
def test_start_answer_and_stop(start_server: StartServer) -> None:
    server = start_server()
    assert server.first_answer.status_code == 200
    assert server.first_answer.json()["model_loaded"] is True
    seconds = server.seconds_to_first_answer
    output = server.stop()
    assert server.address in output
    assert server.process.returncode in (0, -signal.SIGTERM)
    # Generous: a start takes under one second where nothing else runs. Where much does, one of
    # several must be as quick.
    for _ in range(4):
        if seconds >= 3:
            seconds = start_server().seconds_to_first_answer
    assert seconds < 3


def test_the_printed_curl_works_when_pasted(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    output = server.stop()
    (command,) = re.findall(r"^  (echo .*)$", output, re.MULTILINE)
    again = start_server()
    pasted = command.replace(server.address, again.address)
    answer = subprocess.run(
        ["bash", "-c", pasted], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert '"face_count":1' in answer.stdout


def test_a_warm_server_stays_below_350_mb(start_server: StartServer, read_photo: ReadPhoto) -> None:
    server = start_server()
    with httpx.Client(base_url=server.address, timeout=30) as client:
        for file in [p.file for p in PORTRAITS] + list(GROUP_FACES):
            image = base64.b64encode(read_photo(file)).decode()
            body = {"image": image, "enforce_detection": False}
            assert client.post(EXTRACT, json=body).status_code == 200
    assert server.resident_mb() < 350


def test_bombs_take_less_than_twice_the_memory_of_photos(
    start_server: StartServer, read_photo: ReadPhoto
) -> None:
    server = start_server()
    with httpx.Client(base_url=server.address, timeout=30) as client:
        for file in GROUP_FACES:
            image = base64.b64encode(read_photo(file)).decode()
            client.post(EXTRACT, json={"image": image, "enforce_detection": False})
        normal_mb = server.peak_mb()
        for _, data in (*bombs().items(), *tiny_blocks()):
            # With a face enforced: some are pictures without one, and odd metadata.
            answer = client.post(EXTRACT, json={"image": base64.b64encode(data).decode()})
            assert answer.status_code in (400, 413)
    assert server.peak_mb() < 2 * normal_mb


def test_a_photo_of_64_million_32_bit_greys_takes_no_more_memory_than_one_of_colours(
    start_server: StartServer,
) -> None:
    server = start_server()
    data = encode(Image.new("F", (8000, 8000), 1.0), "TIFF", compression="tiff_adobe_deflate")
    body = {"image": base64.b64encode(data).decode(), "enforce_detection": False}
    answer = httpx.post(server.address + EXTRACT, json=body, timeout=30)
    assert answer.json()["face_count"] == 0
    assert server.peak_mb() < 700


def test_bodies_over_the_limit_get_their_answer(start_server: StartServer) -> None:
    server = start_server()
    for body in (b" " * 20_000_000, iter([b" " * 1_000_000] * 20)):
        answer = httpx.post(
            server.address + EXTRACT, content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_a_request_under_way_is_finished_before_the_end(
    start_server: StartServer, read_photo: ReadPhoto
) -> None:
    server = start_server()
    image = base64.b64encode(read_photo("sample5.jpg")).decode()
    body = json.dumps({"image": image, "enforce_detection": False})
    connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(4)]
    for connection in connections:
        connection.request("POST", EXTRACT, body, {"Content-Type": "application/json"})
    # All have arrived; four extractions take longer than this.
    time.sleep(0.1)
    os.kill(server.process.pid, signal.SIGTERM)
    assert [connection.getresponse().status for connection in connections] == [200] * 4
    for connection in connections:
        connection.close()
    server.process.communicate(timeout=20)


def test_without_weights_the_server_stays_up_and_says_so(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(MODEL_DIR=str(tmp_path))
    assert server.first_answer.status_code == 503
    assert server.first_answer.json()["error"]["code"] == "MODEL_UNAVAILABLE"
    assert httpx.get(f"{server.address}/api/v1/model-info").status_code == 200
    assert "make weights" in server.stop()


@pytest.mark.parametrize(("name", "value"), [("PORT", "many"), ("LOG_LEVEL", "loud")])
def test_a_bad_setting_stops_the_start_with_one_sentence(name: str, value: str) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "functions.local"],
        env=subprocess_environment(**{name: value}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert started.returncode == 1
    assert started.stdout == ""
    assert name in started.stderr
    assert started.stderr.count("\n") == 1
