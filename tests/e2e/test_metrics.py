"""What the functions emit is what alarms, the dashboard and the runbook use, and nothing else."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pytest
from fastapi import APIRouter

from face_contract.errors import BadGateway, ErrorCode, ModelFailed, ServiceError, TimedOut
from face_contract.stages import Stage
from face_engine.extractor import Extractor
from face_engine.faces import Face
from face_engine.model.loader import LoadedModel, ModelLoader
from face_engine.views import Views
from face_service.app import create_app
from face_service.lambda_entry import LambdaHandler, create_handler
from face_service.settings import Settings
from functions.extract.app import create
from tests.conftest import Context, LoadEvent, ReadPhoto
from tests.support.operating import PAGES, alarms, expand, queries, widgets
from tests.support.paths import MODEL_DIR
from tests.support.template import TEMPLATE
from tools.lambda_pool import Environment, start_environment

EXTRACT, COMPARE = "extract-embedding", "compare-faces"
EXTRACT_MANY, MATCH = "extract-embeddings", "match-faces"
# A metric's name and its dimensions.
Metric: TypeAlias = tuple[str, frozenset[tuple[str, str]]]
# Of AWS, with the dimensions by which it can be asked for them.
AWS_METRICS = {
    "AWS/ApiGateway": (
        {"Count", "4XXError", "5XXError", "Latency"},
        [{"ApiName", "Stage"}],
    ),
    "AWS/Lambda": (
        {"Duration", "Errors", "Throttles", "ConcurrentExecutions"},
        [{"FunctionName"}, {"FunctionName", "Resource"}],
    ),
    "AWS/States": (
        {f"Executions{how}" for how in ("Started", "Succeeded", "Failed", "TimedOut")},
        [{"StateMachineArn"}],
    ),
}
# What Logs Insights finds in every log group of a function.
BUILT_IN = {f"@{name}" for name in ("timestamp", "message", "type", "duration", "initDuration")}
BUILT_IN |= {"@maxMemoryUsed", "@memorySize"}
WORDS = {"fields", "filter", "stats", "sort", "limit", "by", "desc", "or", "like", "bin"}
WORDS |= {"ispresent", "count", "sum", "max", "pct"}
OWN = {
    "${AWS::StackName}": "stack",
    "${ExtractFunction}": "extract",
    "${CompareFunction}": "compare",
}


TARGET = "arn:aws:lambda:eu-west-1:123456789012:function:{}:live"
WARM_UP = {
    "TARGETS": ",".join(map(TARGET.format, ("extract", "compare"))),
    "WARM_INSTANCES": "1",
    "POWERTOOLS_METRICS_NAMESPACE": "face",
    "POWERTOOLS_SERVICE_NAME": "warm-up",
    # A port at which nobody listens.
    "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def dimensions(**values: str) -> frozenset[tuple[str, str]]:
    return frozenset(values.items())


def emitted(log: str) -> set[Metric]:
    """Returns the metrics in a log; they must be in the embedded metric format."""
    found = set()
    for line in log.splitlines():
        if '"CloudWatchMetrics"' not in line:
            continue
        content = json.loads(line)
        (declared,) = content["_aws"]["CloudWatchMetrics"]
        assert declared["Namespace"] == "face"
        (names,) = declared["Dimensions"]
        values = frozenset((name, content[name]) for name in names)
        for metric in declared["Metrics"]:
            assert all(isinstance(value, int | float) for value in content[metric["Name"]])
            found.add((metric["Name"], values))
    return found


@dataclass(frozen=True, slots=True)
class FailingLocator:
    error: Exception

    def locate(self, views: Views, *, align: bool) -> list[Face]:  # noqa: ARG002
        raise self.error


class BrokenModel(ModelLoader):
    """A model of which one part is broken."""

    def __init__(self, **parts: Any) -> None:
        super().__init__("mobilefacenet", MODEL_DIR)
        self._parts = parts

    def load(self) -> LoadedModel:
        loaded = super().load()
        extractor: Extractor = replace(loaded.extractor, **self._parts)
        return replace(loaded, extractor=extractor)

    @property
    def loaded(self) -> LoadedModel | None:
        return self.load()


Ask: TypeAlias = Callable[[str, object], Any]


def asking(handler: Callable[[dict[str, Any]], Any], event: Mapping[str, Any]) -> Ask:
    """Returns a function that sends a body, or text, or nothing (then it is a GET) to a path."""

    def ask(path: str, body: object) -> Any:
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        method = "GET" if body is None else "POST"
        path = f"/api/v1/{path}"
        sent = {**event, "path": path, "resource": path, "httpMethod": method, "body": text}
        return handler(sent)

    return ask


@pytest.fixture(scope="module")
def event(load_event: LoadEvent) -> dict[str, Any]:
    return load_event("extract/extract-embedding-v1.json")


def log_of(environment: Environment, requests: Callable[[Ask], None], event: Any) -> str:
    try:
        requests(asking(lambda sent: environment.invoke(json.dumps(sent).encode()), event))
        return environment.log()
    finally:
        environment.stop()


@pytest.fixture(scope="module")
def function_logs(event: Any, read_photo: ReadPhoto) -> dict[str, str]:
    """The logs of the real functions, on Lambda's runtime, after every error that they can meet."""
    portrait = {"image": base64.b64encode(read_photo("person_b_1.jpg")).decode()}
    group = {"image": base64.b64encode(read_photo("sample1.jpg")).decode()}
    blank = {"image": "R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAIBRAA7"}
    refused = {"image": "http://127.0.0.1:1/", "image_type": "url"}
    vector, zero = [1] * 512, [0] * 512
    other = "arcface-00000000/yunet/deepface"

    def use_extract(ask: Ask) -> None:
        for path, body in (
            (EXTRACT, portrait),
            (EXTRACT, group),
            (EXTRACT, blank),
            (EXTRACT, refused),
            (EXTRACT, {"image": "?"}),
            (EXTRACT, {}),
            (EXTRACT, " " * 3_000_000),
            (EXTRACT, None),
            ("nothing", None),
            (EXTRACT_MANY, {"images": [portrait, {"image": "?"}, refused, *[group] * 4]}),
            (MATCH, {"images": [portrait], "embedding": zero}),
            (MATCH, {"images": [portrait], "embedding": vector, "model": other}),
        ):
            ask(path, body)

    def use_compare(ask: Ask) -> None:
        both = {"embedding1": vector, "embedding2": vector}
        for body in (both, {**both, "embedding2": zero}, {}, None, " " * 3_000_000):
            ask(COMPARE, body)
        ask(COMPARE, {**both, "model1": other, "model2": "mobilefacenet-0/yunet/similarity"})

    small = {"MAX_BODY_BYTES": "2500000", "MAX_ANSWER_BYTES": "20000"}
    environments = {
        "extract": (start_environment("extract", **small), use_extract),
        "broken": (start_environment("extract", MODEL_DIR="/nowhere"), use_extract),
        "compare": (start_environment("compare", **small), use_compare),
        # No function answers its pings.
        "warm-up": (start_environment("warmup", **WARM_UP), lambda ask: ask("", None)),
    }
    return {
        name: log_of(environment, requests, event)
        for name, (environment, requests) in environments.items()
    }


@pytest.fixture(scope="module")
def failures(event: Any, read_photo: ReadPhoto) -> Callable[[], None]:
    """Makes the functions' handlers meet what only a broken function meets."""
    portrait = {"image": base64.b64encode(read_photo("person_b_1.jpg")).decode()}

    def send_all() -> None:
        settings = Settings(model_dir=MODEL_DIR)
        for error in (RuntimeError(), TimedOut(), ModelFailed()):
            loader = BrokenModel(locator=FailingLocator(error))
            handler = create_handler(create(loader, settings), "extract", settings, lambda: None)
            ask = asking(with_context(handler), event)
            ask(EXTRACT, portrait)
            ask(EXTRACT_MANY, {"images": [portrait]})
        for service in ("extract", "compare"):
            app = create_app("Failing", [failing_router()], settings, docs=False)
            ask = asking(with_context(create_handler(app, service, settings, lambda: None)), event)
            for code, answer in ((c, ask(c, None)) for c in raised()):
                assert json.loads(answer["body"])["error"]["code"] == code

    return send_all


def with_context(handler: LambdaHandler) -> Callable[[dict[str, Any]], Any]:
    return lambda sent: handler(sent, Context())


def raised() -> dict[ErrorCode, ServiceError]:
    """An error of every class that a function may raise; BadGateway is the local server's."""

    def tree(root: type[ServiceError]) -> Iterator[type[ServiceError]]:
        for error in root.__subclasses__():
            yield error
            yield from tree(error)

    arguments: dict[str, Any] = {
        "MultipleFacesDetected": (2,),
        "ModelMismatch": ("a", "b"),
        "PayloadTooLarge": (1,),
    }
    classes = set(tree(ServiceError)) - {BadGateway}
    return {error.code: error(*arguments.get(error.__name__, ())) for error in classes}


def failing_router() -> APIRouter:
    router = APIRouter()
    errors = raised()

    @router.get("/{code}")
    def fail(code: ErrorCode) -> None:
        raise errors[code]

    return router


def in_words(value: object) -> str:
    """Returns a value of the template as the functions know it."""
    match value:
        case {"Ref": name}:
            value = f"${{{name}}}"
        case {"Fn::Sub": text}:
            value = text
    return OWN.get(str(value), str(value))


def used() -> Iterator[tuple[str, Metric]]:
    """Every namespace and metric of alarms and the dashboard."""
    for alarm in alarms().values():
        simple = [alarm] if "MetricName" in alarm else []
        calculated = [
            q["MetricStat"]["Metric"] for q in alarm.get("Metrics", ()) if "MetricStat" in q
        ]
        for metric in (*simple, *calculated):
            pairs = frozenset((d["Name"], in_words(d["Value"])) for d in metric["Dimensions"])
            yield in_words(metric["Namespace"]), (metric["MetricName"], pairs)
    for widget in widgets():
        for row in expand(widget["properties"].get("metrics", ())):
            if row.metric:
                namespace, name, *rest = map(in_words, row.metric)
                yield namespace, (name, frozenset(zip(rest[::2], rest[1::2], strict=True)))


def test_alarms_and_dashboard_use_exactly_what_is_emitted(
    function_logs: dict[str, str],
    failures: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = set().union(*map(emitted, function_logs.values()))
    # What the real functions met by themselves is most of it.
    codes = {name for name, _ in found} & set(ErrorCode)
    assert len(codes) >= 11
    failures()
    found |= emitted(capsys.readouterr().out)
    assert {metric for namespace, metric in used() if namespace == "stack"} == found
    for service in ("extract", "compare"):
        of_service = {name for name, values in found if values == dimensions(service=service)}
        assert of_service >= set(raised()) | {"ClientErrors", "ServerErrors"}
    assert {stage.capitalize() for stage in Stage} <= {name for name, _ in found}


def test_every_code_is_a_metric_or_the_gateways() -> None:
    on_dashboard = {name for namespace, (name, _) in used() if namespace == "stack"}
    of_the_gateway = {ErrorCode.FORBIDDEN, ErrorCode.TOO_MANY_REQUESTS, ErrorCode.BAD_GATEWAY}
    assert set(ErrorCode) - on_dashboard == of_the_gateway
    titles = json.dumps(widgets())
    assert "refused by the gateway" in titles
    assert "failed by the gateway" in titles


def test_metrics_of_aws_are_asked_for_as_aws_has_them() -> None:
    names = set()
    for namespace, (name, pairs) in used():
        if namespace != "stack":
            known, by = AWS_METRICS[namespace]
            assert name in known
            assert {key for key, _ in pairs} in by
            names.add(name)
    assert names == set().union(*(known for known, _ in AWS_METRICS.values()))


def test_the_namespace_is_the_stacks_name_in_every_function_that_emits() -> None:
    for name in ("ExtractFunction", "CompareFunction", "WarmUpFunction"):
        variables = TEMPLATE["Resources"][name]["Properties"]["Environment"]["Variables"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}


def test_an_answer_counts_its_code_and_its_kind_once_and_photos_apart(
    event: Any, capsys: Any
) -> None:
    settings = Settings(model_dir=MODEL_DIR)
    handler = create_handler(create(BrokenModel(), settings), "extract", settings, lambda: None)
    ask = asking(with_context(handler), event)
    assert ask(EXTRACT_MANY, {"images": [{"image": "?"}] * 3})["statusCode"] == 200
    assert ask(EXTRACT, {"image": "?"})["statusCode"] == 400
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    photos, answer = (line for line in lines if "INVALID_IMAGE" in line)
    assert (photos["part"], photos["INVALID_IMAGE"]) == ("photo", [3])
    assert "ClientErrors" not in photos
    assert (answer["INVALID_IMAGE"], answer["ClientErrors"]) == ([1], [1])
    assert "part" not in answer
    assert "ServerErrors" not in answer
    # A good answer writes its stages only.
    assert not any(
        {"ClientErrors", "ServerErrors"} & set(line) for line in lines if line is not answer
    )


def flat(content: Any, name: str = "") -> Iterator[str]:
    """Returns the names that Logs Insights gives to the fields of a line."""
    parts = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in parts:
        path = f"{name}.{key}" if name else str(key)
        if isinstance(value, dict | list):
            yield from flat(value, path)
        else:
            yield path


def test_queries_of_the_runbook_ask_for_fields_that_are_logged(
    function_logs: dict[str, str],
    failures: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failures()
    text = "\n".join([*function_logs.values(), capsys.readouterr().out])
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    fields = {name for line in lines for name in flat(line)} | BUILT_IN
    count = 0
    for page in PAGES:
        for query in queries(page.read_text("utf-8")):
            bare = re.sub(
                r'"[^"]*"|/[^/\n]+/(?= |$)|\b\d+[mh]?\b(?<!\.0)', "", query, flags=re.MULTILINE
            )
            for word in re.findall(r"@?[A-Za-z_]\w*(?:\.\d+)?", bare):
                assert word in fields | WORDS, (page.name, word)
            count += 1
    assert count >= len(PAGES) - 3
