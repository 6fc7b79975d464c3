"""CodeDeploy's hooks against real versions: which are let through, and which are refused?"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.conftest import Context
from tools.api_gateway import create_gateway, serve
from tools.lambda_pool import Environment, Pool, start_pool

EVENT = {"DeploymentId": "d-ABC", "LifecycleEventHookExecutionId": "e-123"}
NEW_VERSION = "arn:aws:lambda:eu-west-1:123456789012:function:{}:2"
MODEL = "mobilefacenet/yunet/similarity"
VARIABLES = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "EXPECTED_MODEL": MODEL,
}
# A compare function that answers pings, and requests in its mood.
MOODY = """
import json, os, time
from functions.compare.handler import handler as real

def handler(event, context):
    answer = real(event, context)
    if "requestContext" not in event:
        return answer
    match os.environ["MOOD"]:
        case "crashing":
            os._exit(3)
        case "raising":
            raise ValueError("no")
        case "slow":
            time.sleep(5)
        case "lying":
            body = json.loads(answer["body"])
            answer["body"] = json.dumps({**body, "is_same_person": True})
        case "silent":
            return None
    return answer
"""


def timed_context(left_s: float) -> Context:
    """A context with this much time left."""

    class TimedContext(Context):
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return int(left_s * 1000)

    return TimedContext()


RunHook = Callable[..., None]


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hooks' module, in an environment like the template's."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    from functions.warmup import pre_traffic

    return pre_traffic


@pytest.fixture
def run_hook(
    hooks: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[RunHook]:
    """Runs the hook of a new version that is served by a pool.

    Checks what CodeDeploy hears: "Failed" if there is a reason, which the log must hold.
    """

    def run(
        function: str, pool: Pool, reason: str = "", *, wanted: int = 1, left_s: float = 300
    ) -> None:
        expected = "Failed" if reason else "Succeeded"
        monkeypatch.setenv("NEW_VERSION", NEW_VERSION.format(function))
        monkeypatch.setenv("WARM_INSTANCES", str(wanted))
        # There is no version 1: a hook that called the alias would find nothing.
        with ExitStack() as stack:
            stack.callback(pool.stop)
            address = stack.enter_context(serve(create_gateway({f"{function}:2": pool})))
            stubber = stack.enter_context(Stubber(hooks.codedeploy))
            monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", address)
            expect_report(stubber, expected)
            handler = getattr(hooks, f"{function}_handler")
            assert handler(EVENT, timed_context(left_s)) == {"status": expected}
            stubber.assert_no_pending_responses()
        failures = [record.exc_info[1] for record in caplog.records if record.exc_info]
        assert bool(failures) is bool(reason)
        for failure in failures:
            assert re.search(reason, repr(failure))

    hooks.logger.addHandler(caplog.handler)
    yield run
    hooks.logger.removeHandler(caplog.handler)


def expect_report(stubber: Stubber, status: str) -> None:
    stubber.add_response(
        "put_lifecycle_event_hook_execution_status",
        {"lifecycleEventHookExecutionId": EVENT["LifecycleEventHookExecutionId"]},
        {
            "deploymentId": EVENT["DeploymentId"],
            "lifecycleEventHookExecutionId": EVENT["LifecycleEventHookExecutionId"],
            "status": status,
        },
    )


def moody(folder: Path, mood: str) -> Pool:
    (folder / "moody.py").write_text(MOODY)
    return Pool([Environment("moody.handler", {"MOOD": mood, "PYTHONPATH": str(folder)})])


@pytest.mark.parametrize("function", ["extract", "compare"])
def test_a_good_version_is_let_through(run_hook: RunHook, function: str) -> None:
    run_hook(function, start_pool(function, 2), wanted=2)


@pytest.mark.parametrize("function", ["extract", "compare"])
def test_too_few_instances_refuse_it(run_hook: RunHook, function: str) -> None:
    run_hook(function, start_pool(function, 2), "TooFewInstances.*'distinct': 2", wanted=3)


def test_a_version_without_its_model_is_refused(run_hook: RunHook, tmp_path: Path) -> None:
    run_hook(
        "extract",
        start_pool("extract", 1, MODEL_DIR=str(tmp_path)),
        "TooFewInstances.*'crashed': 2",
    )


def test_a_version_with_another_model_is_refused(
    run_hook: RunHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPECTED_MODEL", "arcface/retinaface/deepface")
    run_hook("extract", start_pool("extract", 1), "embedding is of mobilefacenet-")


def test_a_version_that_takes_no_photos_is_refused(run_hook: RunHook) -> None:
    # It answers pings, and 413 to the portrait.
    run_hook("extract", start_pool("extract", 1, MAX_IMAGE_BYTES="1000"), "status is 413")


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("good", ""),
        ("lying", "the cosine distance should be 1.0"),
        ("crashing", "the function failed|ServiceException"),
        ("raising", "the function failed"),
        ("silent", "status is None"),
    ],
)
def test_a_version_that_answers_pings_only_is_refused(
    run_hook: RunHook, tmp_path: Path, mood: str, reason: str
) -> None:
    run_hook("compare", moody(tmp_path, mood), reason)


@pytest.mark.parametrize("left_s", [63, 60, 1])
def test_a_slow_version_is_refused_while_there_is_time_to_report(
    run_hook: RunHook, tmp_path: Path, left_s: float
) -> None:
    start = time.monotonic()
    run_hook("compare", moody(tmp_path, "slow"), "TimeoutError", left_s=left_s)
    # All six comparisons would take 30 seconds.
    assert time.monotonic() - start < 25


def test_a_version_that_cannot_be_reached_is_refused(
    run_hook: RunHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "NEW_VERSION", "arn:aws:lambda:eu-west-1:1:function:{}:3")
    run_hook("compare", start_pool("compare", 1), "TooFewInstances.*'crashed': 2")


@pytest.mark.parametrize("name", ["NEW_VERSION", "WARM_INSTANCES"])
def test_a_hook_with_broken_settings_reports_a_failure(
    hooks: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in ("NEW_VERSION", "WARM_INSTANCES"):
        monkeypatch.setenv(variable, "1")
    monkeypatch.setenv(name, "")
    with Stubber(hooks.codedeploy) as stubber:
        expect_report(stubber, "Failed")
        assert hooks.compare_handler(EVENT, timed_context(300)) == {"status": "Failed"}
        stubber.assert_no_pending_responses()


def test_a_report_that_fails_is_no_success(hooks: ModuleType) -> None:
    with Stubber(hooks.codedeploy) as stubber:
        stubber.add_client_error("put_lifecycle_event_hook_execution_status")
        with pytest.raises(ClientError):
            hooks.compare_handler(EVENT, timed_context(300))


@pytest.fixture
def code_deploy() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a CodeDeploy that takes reports, and the reports."""
    reports: list[dict[str, str]] = []

    async def take(request: Request) -> Response:
        assert request.headers["x-amz-target"].endswith(".PutLifecycleEventHookExecutionStatus")
        reports.append(await request.json())
        return JSONResponse({})

    with serve(Starlette(routes=[Route("/", take, methods=["POST"])])) as address:
        yield address, reports


@pytest.mark.parametrize("function", ["extract", "compare"])
@pytest.mark.parametrize(("wanted", "status"), [(2, "Succeeded"), (3, "Failed")])
def test_the_built_hook_reports(
    built: Path,
    code_deploy: tuple[str, list[dict[str, str]]],
    function: str,
    wanted: int,
    status: str,
) -> None:
    address, reports = code_deploy
    with ExitStack() as stack:
        pool = start_pool(function, 2)
        stack.callback(pool.stop)
        gateway = stack.enter_context(serve(create_gateway({f"{function}:2": pool})))
        environment = Environment(
            f"pre_traffic.{function}_handler",
            {
                **VARIABLES,
                "NEW_VERSION": NEW_VERSION.format(function),
                "WARM_INSTANCES": str(wanted),
                "AWS_ENDPOINT_URL_LAMBDA": gateway,
                "AWS_ENDPOINT_URL_CODEDEPLOY": address,
            },
            timeout_s=300,
            folder=built / "WarmUpFunction",
            python_path=str(built / "ContractLayer" / "python"),
        )
        stack.callback(environment.stop)
        answer = environment.invoke(json.dumps(EVENT).encode())
        log = environment.log()
    assert answer.json() == {"status": status}, log
    assert reports == [
        {
            "deploymentId": "d-ABC",
            "lifecycleEventHookExecutionId": "e-123",
            "status": status,
        }
    ]
