"""What only Lambda has: its limits, its failures, and pings. On AWS's own emulator and runtime."""

import base64
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import pytest

from face_contract.errors import NotFound
from face_contract.schemas import ErrorResponse
from tests.conftest import LoadEvent, ReadPhoto
from tests.support.paths import EVENT_DIR, subprocess_environment
from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import VARIABLES, Environment, Pool, start_environment

EXTRACT = "/api/v1/extract-embedding"


def run_python(code: str) -> str:
    """Returns what a program prints that is as new as a cold start."""
    environment = subprocess_environment(FACE_MODEL="mobilefacenet")
    # This process may have set it.
    environment.pop("OPENBLAS_NUM_THREADS", None)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def error_code(answer: httpx.Response) -> str:
    return ErrorResponse.model_validate(answer.json()).error.code


@pytest.mark.parametrize(
    "name", sorted(p.relative_to(EVENT_DIR).as_posix() for p in EVENT_DIR.rglob("*-v*.json"))
)
def test_every_event_runs_on_the_runtime(pools: dict[str, Pool], name: str) -> None:
    answer = pools[name.split("/", maxsplit=1)[0]].invoke((EVENT_DIR / name).read_bytes())
    assert not answer.failed
    assert answer.json()["statusCode"] == (422 if "malformed" in name else 200)


@pytest.mark.parametrize("function", ["extract", "compare"])
def test_a_cold_start_imports_nothing_that_no_request_needs(function: str) -> None:
    printed = run_python(
        f"import sys, functions.{function}.handler; print(*filter(sys.modules.get, sys.modules))"
    )
    imported = set(printed.split())
    assert {"fastapi", "mangum", "pydantic"} <= imported
    assert imported.isdisjoint(
        # The first is the Pydantic of the past.
        {"pydantic.v1", "boto3", "botocore.session", "deepface", "ncnn", "tensorflow", "uvicorn"}
    )
    assert ("onnxruntime" in imported) is (function == "extract")


@pytest.mark.parametrize("function", ["extract", "compare"])
def test_a_cold_start_leaves_the_document_for_later(function: str) -> None:
    is_made, document = json.loads(
        run_python(
            f"import gc, json, functions.{function}.handler;"
            "from fastapi import FastAPI; from fastapi.openapi.models import OpenAPI;"
            "is_made = OpenAPI.__pydantic_complete__; gc.unfreeze();"
            "(app,) = (item for item in gc.get_objects() if isinstance(item, FastAPI));"
            "print(json.dumps([is_made, app.openapi()]))"
        )
    )
    assert not is_made
    schemas = document["components"]["schemas"]
    documented = json.loads((EVENT_DIR.parent / "openapi.json").read_text("utf-8"))
    assert schemas.items() <= documented["components"]["schemas"].items()
    references = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)))
    assert references == schemas.keys()
    assert "ErrorResponse" in schemas


@pytest.mark.parametrize(
    "module",
    [
        "functions.extract.handler",
        "functions.compare.handler",
        "functions.bulk.batch_work",
        "functions.local.app",
        "face_engine.faces",
    ],
)
def test_products_of_matrices_start_no_threads(module: str) -> None:
    variable, threads = run_python(
        "import ctypes, glob, os, sys; seen = [];"
        "sys.addaudithook(lambda event, args: event == 'import' and args[0] == 'numpy'"
        " and seen.append(os.environ.get('OPENBLAS_NUM_THREADS')));"
        f"import {module}, numpy;"
        "(library,) = glob.glob(numpy.__path__[0] + '.libs/libscipy_openblas*');"
        "print(seen[0], ctypes.CDLL(library).scipy_openblas_get_num_threads64_())"
    ).split()
    # With one processor there is one thread without the variable, too.
    assert variable == threads == "1"


def test_the_pools_have_the_limits_of_the_template() -> None:
    template = (EVENT_DIR.parent / "template.yaml").read_text("utf-8")
    for name, functions in (
        ("MAX_BODY_BYTES", ("extract", "compare")),
        ("MAX_ANSWER_BYTES", ("extract",)),
    ):
        deployed = re.findall(rf"^ +{name}: (\d+)$", template, re.MULTILINE)
        assert deployed == [VARIABLES[function][name] for function in functions]


def test_the_main_clients_headers_are_enough(
    lambda_service: httpx.Client, read_photo: ReadPhoto
) -> None:
    image = base64.b64encode(read_photo("person_b_1.jpg")).decode()
    request = lambda_service.build_request(
        "POST", EXTRACT, content=json.dumps({"image": image, "enforce_detection": False})
    )
    request.headers = httpx.Headers(
        {
            "host": request.headers["host"],
            "content-length": request.headers["content-length"],
            "content-type": "application/json",
        }
    )
    answer = lambda_service.send(request)
    assert answer.status_code == 200
    assert answer.json()["face_count"] == 1


def test_a_photo_of_4_4_mb_gets_through_and_a_larger_one_is_told_to_come_by_url(
    lambda_service: httpx.Client, read_photo: ReadPhoto
) -> None:
    # Junk behind a JPEG is ignored, so that any size can be made of one photo.
    photo = read_photo("person_b_1.jpg")
    for size, status in ((4_400_000, 200), (4_800_000, 413), (7_000_000, 413), (9_000_000, 413)):
        image = base64.b64encode(photo.ljust(size, b"\0")).decode()
        answer = lambda_service.post(EXTRACT, json={"image": image})
        assert answer.status_code == status, size
        if status == 413:
            assert error_code(answer) == "PAYLOAD_TOO_LARGE"
            assert "URL" in answer.json()["error"]["message"]


def test_unknown_paths_never_reach_a_function(lambda_service: httpx.Client) -> None:
    answer = lambda_service.get("/docs")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == NotFound.message


@pytest.mark.parametrize("broken", [False, True], ids=["missing", "broken"])
def test_a_model_that_cannot_be_loaded_is_503_and_not_502(
    load_event: LoadEvent, tmp_path: Path, broken: bool
) -> None:
    if broken:
        (tmp_path / "fr_feature.onnx").write_bytes(b"broken")
    environment = start_environment("extract", MODEL_DIR=str(tmp_path))
    try:
        for name in ("health-v1", "extract-embedding-v1", "warm-up-v2"):
            answer = environment.invoke(json.dumps(load_event(f"extract/{name}.json")).encode())
            assert not answer.failed
            assert answer.json()["statusCode"] == 503
            body = json.loads(answer.json()["body"])
            assert body["error"]["code"] == "MODEL_UNAVAILABLE"
        ping = environment.invoke(b'{"source": "warm-up"}').json()
        assert ping["status"] == "failed"
        assert ping["code"] == "MODEL_UNAVAILABLE"
    finally:
        environment.stop()


def test_a_request_is_never_a_ping(lambda_service: httpx.Client) -> None:
    for ping in ({"source": "warm-up"}, {"source": "warm-up", "hold_ms": 1000}):
        answer = lambda_service.post(EXTRACT, json=ping)
        assert answer.status_code == 422
        assert error_code(answer) == "VALIDATION_ERROR"


def test_busy_is_429_and_a_crash_502_in_the_envelope(tmp_path: Path) -> None:
    (tmp_path / "crash.py").write_text(
        "import os, time\n"
        "def handler(event, context):\n"
        "    if event['body']:\n"
        "        os._exit(3)\n"
        "    time.sleep(1)\n"
        "    return {'statusCode': 200, 'body': '{}', 'headers': {}}\n"
    )
    pool = Pool([Environment("crash.handler", {}, folder=tmp_path, python_path=str(tmp_path))])
    try:
        with serve(create_gateway({"extract": pool})) as address:
            url = address + "/api/v1/health"
            with ThreadPoolExecutor(2) as threads:
                answers = list(threads.map(lambda _: httpx.get(url, timeout=20), range(2)))
            # One of them has found the only environment at work.
            (busy,) = (answer for answer in answers if answer.status_code != 200)
            assert busy.status_code == 429
            assert error_code(busy) == "TOO_MANY_REQUESTS"
            crashed = httpx.post(url, content=b"x", timeout=20)
            assert crashed.status_code == 502
            assert error_code(crashed) == "BAD_GATEWAY"
            assert httpx.get(url, timeout=20).status_code == 200
    finally:
        pool.stop()


def test_what_takes_too_long_is_504_and_keeps_its_instance_busy(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\n"
        "def handler(event, context):\n"
        "    time.sleep(float(event['body'] or 0))\n"
        "    return {'statusCode': 200, 'body': '{}', 'headers': {}}\n"
    )
    pool = Pool([Environment("slow.handler", {}, folder=tmp_path, python_path=str(tmp_path))])
    try:
        with serve(create_gateway({"extract": pool}, timeout_s=1)) as address:
            url = address + "/api/v1/health"
            assert httpx.get(url, timeout=20).status_code == 200
            late = httpx.post(url, content=b"2", timeout=20)
            assert late.status_code == 504
            assert error_code(late) == "TIMEOUT"
            assert httpx.get(url, timeout=20).status_code == 429
            time.sleep(1.5)
            assert httpx.get(url, timeout=20).status_code == 200
    finally:
        pool.stop()
