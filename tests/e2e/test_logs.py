"""Log lines of the functions and of the local server."""

import json
from pathlib import Path

from functions.local.__main__ import log_config
from tests.conftest import LoadEvent
from tests.support.paths import ROOT
from tools.lambda_pool import start_environment


def test_an_error_is_logged_on_lambda_as_json_with_its_request(
    load_event: LoadEvent, tmp_path: Path
) -> None:
    environment = start_environment("extract", MODEL_DIR=str(tmp_path))
    try:
        environment.invoke(json.dumps(load_event("extract/health-v1.json")).encode())
        log = environment.log()
    finally:
        environment.stop()
    lines = [line for line in log.splitlines() if "MODEL_UNAVAILABLE: " in line]
    assert lines
    for line in lines:
        fields = json.loads(line)
        assert (fields["level"], fields["service"]) == ("ERROR", "extract")
        assert fields["function_request_id"]


def test_the_local_server_configures_the_logger_of_every_package() -> None:
    loggers = log_config("DEBUG")["loggers"]
    assert isinstance(loggers, dict)
    # face_warmup is for the zip functions only.
    packages = {folder.name for folder in ROOT.glob("layers/*/face_*")} - {"face_warmup"}
    assert packages
    for name in packages | {"functions"}:
        assert loggers[name]["level"] == "DEBUG"
