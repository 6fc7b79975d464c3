"""Alarms, their pages, the dashboard and the commands of docs/operating.md and docs/runbook."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import jmespath
import pytest
from botocore import xform_name

from face_service.settings import Settings
from tests.conftest import StartServer
from tests.support.operating import PAGES, alarms, commands, expand, queries, widgets
from tests.support.paths import ROOT
from tests.support.template import TEMPLATE, resources
from tools.translate_template import DEPLOYMENTS

OPERATING = ROOT / "docs" / "operating.md"
ALL = {**DEPLOYMENTS["bucket"], **DEPLOYMENTS["legacy"]}
# The AWS CLI's names of services that differ from those of its models.
CLI_SERVICES = {"deploy": "codedeploy"}
# Options of the CLI itself, of its pages, and its form of a boolean.
CLI_OPTIONS = {"query", "output", "max-items", "auto-rollback-enabled"}
# What describe-stacks returns, as far as the commands look at it.
STACK = {
    "Parameters": [{"ParameterKey": "RateLimit", "ParameterValue": "100"}],
    "Outputs": [{"OutputKey": key, "OutputValue": "value"} for key in TEMPLATE["Outputs"]],
}
HEADINGS = ("**What it means.**", "**Look at.**", "**Do.**")


def test_every_alarm_has_a_page_and_every_page_an_alarm() -> None:
    assert {page.stem for page in PAGES} == set(alarms())
    listed = re.findall(
        r"^\| \[(\w+)\]\(runbook/(\w+)\.md\) \|", OPERATING.read_text(), re.MULTILINE
    )
    assert listed == [(name, name) for name in dict.fromkeys(name for name, _ in listed)]
    assert {name for name, _ in listed} == set(alarms())


def test_every_page_says_what_it_means_what_to_look_at_and_what_to_do() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.stem}\n")
        assert [text.count(heading) for heading in HEADINGS] == [1, 1, 1], page
        # Something to copy.
        assert queries(text) or commands(text), page


@pytest.mark.parametrize(
    ("values", "base"),
    [({}, "docs/runbook"), (DEPLOYMENTS["legacy"], DEPLOYMENTS["legacy"]["RunbookUrl"])],
)
def test_the_description_of_an_alarm_ends_with_its_page(values: dict[str, str], base: str) -> None:
    for name, alarm in alarms({**DEPLOYMENTS["bucket"], **values}).items():
        assert alarm["AlarmDescription"].endswith(f". Runbook: {base}/{name}.md"), name
        assert len(alarm["AlarmDescription"]) <= 1024
    assert all((ROOT / "docs" / "runbook" / f"{name}.md").is_file() for name in alarms())


def test_every_alarm_pages() -> None:
    topic = DEPLOYMENTS["key"]["AlarmTopicArn"]
    for name, alarm in alarms({**ALL, "AlarmTopicArn": topic}).items():
        assert alarm["AlarmActions"] == [topic], name
        assert "AlarmActions" not in alarms()[name]


def test_only_the_alarm_for_silence_takes_silence_for_a_fault() -> None:
    breaching = {n for n, a in alarms().items() if a["TreatMissingData"] == "breaching"}
    assert breaching == {"NothingIsWarm"}
    assert "NothingIsWarm" not in alarms({**ALL, "WarmInstances": "0"})
    assert "BulkFails" not in alarms(DEPLOYMENTS["networks"])


def test_a_calculated_alarm_is_within_cloudwatchs_limits() -> None:
    for name, alarm in alarms().items():
        if "Metrics" not in alarm:
            continue
        (result,) = (query for query in alarm["Metrics"] if query.get("ReturnData", True))
        inputs = {query["Id"]: query["MetricStat"] for query in alarm["Metrics"] if query != result}
        assert len(inputs) <= 10
        assert set(re.findall(r"\b[a-z]\w*", result["Expression"])) == set(inputs), name
        assert {stat["Period"] for stat in inputs.values()} <= {60, 300, 900}


@pytest.mark.parametrize("values", DEPLOYMENTS.values(), ids=DEPLOYMENTS)
def test_the_dashboard_fits_its_grid_and_names_only_what_is_deployed(
    values: dict[str, str],
) -> None:
    deployed = resources(values)
    taken: set[tuple[int, int]] = set()
    for widget in widgets(values):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in cells) < 24
        assert not taken & cells
        taken |= cells
        assert widget["type"] in {"text", "alarm", "metric"}
    named = re.findall(r"\$\{(\w+)(?:\.Arn)?\}", json.dumps(widgets(values)))
    assert {name for name in named if name not in TEMPLATE["Parameters"]} <= set(deployed)
    (shown,) = (w["properties"]["alarms"] for w in widgets(values) if w["type"] == "alarm")
    assert sorted(shown) == sorted(f"${{{name}.Arn}}" for name in alarms(values))


def test_the_dashboards_expressions_use_what_they_plot() -> None:
    for widget in widgets(ALL):
        if widget["type"] != "metric":
            continue
        properties = widget["properties"]
        assert properties["region"] == "${AWS::Region}"
        rows = list(expand(properties["metrics"]))
        options = [row.options for row in rows]
        ids = [option["id"] for option in options if "id" in option]
        assert len(set(ids)) == len(ids)
        for option in options:
            used = set(re.findall(r"\b[a-z]\w*", option.get("expression", "")))
            assert used <= set(ids), properties["title"]


def test_the_price_is_shown_and_used() -> None:
    values = {**ALL, "PriceGbSecond": "0.5", "PriceMillionRequests": "7", "ExtractMemory": "2048"}
    (cost,) = (
        w["properties"] for w in widgets(values) if "Cost" in w["properties"].get("title", "")
    )
    assert cost["title"] == "Cost per hour: 0.5 per GB-second, 7 per million requests"
    formulas = {row.options["id"]: row.options.get("expression") for row in expand(cost["metrics"])}
    # An hour with 2,000 s of extract, 100 s of compare, 10 s of the warm-up and 3 million requests.
    inputs = {"extract": 2e6, "compare": 1e5, "warmup": 1e4, "requests": 3e6}

    def value(name: str) -> float:
        names = {"FILL": lambda series, _: series, **inputs}
        if name == "month":
            names |= {part: value(part) for part in ("time", "calls")}
        return float(eval(str(formulas[name]), names))  # noqa: S307

    assert value("time") == pytest.approx((2000 * 2 + 100 * 1 + 10 * 0.5) * 0.5)
    assert value("calls") == 21
    assert value("month") == pytest.approx((value("time") + value("calls")) * 730)


def test_the_memory_of_the_warm_up_is_that_of_the_estimate() -> None:
    assert TEMPLATE["Resources"]["WarmUpFunction"]["Properties"]["MemorySize"] == 512


def documents() -> Iterator[tuple[str, str]]:
    for path in (OPERATING, *PAGES):
        yield path.name, path.read_text("utf-8")


@pytest.fixture
def run_commands(tmp_path: Path) -> Callable[[str], list[list[str]]]:
    """Runs shell code in which `aws` only writes down its arguments; returns those of each call."""
    calls = tmp_path / "calls"
    stub = tmp_path / "bin" / "aws"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/bash\nprintf '%s\\0' \"$@\" >> '{calls}'\necho >> '{calls}'\n")
    stub.chmod(0o755)

    def run(code: str) -> list[list[str]]:
        calls.write_text("")
        environment = {"PATH": f"{stub.parent}:{os.environ['PATH']}", "STACK": "s", "URL": "u"}
        subprocess.run(["bash", "-euc", code], env=environment, check=True, capture_output=True)
        return [line.rstrip("\0").split("\0") for line in calls.read_text().splitlines()]

    return run


def test_every_aws_command_exists_and_takes_these_options(
    run_commands: Callable[[str], list[list[str]]],
) -> None:
    session = botocore.session.get_session()
    seen = set()
    for name, text in documents():
        code = "\n".join(line for line in commands(text) if "aws " in line)
        for service, command, *words in run_commands(code):
            model = session.get_service_model(CLI_SERVICES.get(service, service))
            operation = {xform_name(o, "-"): o for o in model.operation_names}[command]
            shape = model.operation_model(operation).input_shape
            assert shape is not None
            options = {word[2:] for word in words if word.startswith("--")}
            known = {xform_name(member, "-") for member in shape.members} | CLI_OPTIONS
            assert options <= known, (name, command)
            assert {xform_name(m, "-") for m in shape.required_members} <= options, (name, command)
            if "--query" in words:
                query = jmespath.compile(words[words.index("--query") + 1])
                assert command != "describe-stacks" or query.search({"Stacks": [STACK]}), name
            seen.add(command)
    assert len(seen) > 10


def test_outputs_and_resources_in_commands_are_the_templates() -> None:
    text = "\n".join(text for _, text in documents())
    outputs = re.findall(r"OutputKey=='(\w+)'", text) + re.findall(r"output `(\w+)`", text)
    assert outputs
    assert set(outputs) <= set(TEMPLATE["Outputs"])
    names = re.findall(r"--logical-resource-id (\w+)", text)
    assert names
    assert set(names) <= set(TEMPLATE["Resources"])
    schedule = TEMPLATE["Resources"]["WarmUpFunction"]["Properties"]["Events"]["Every"][
        "Properties"
    ]
    assert schedule["Name"]["Fn::Sub"] == "${AWS::StackName}-warm-up"
    assert '--name "$STACK-warm-up"' in text


def test_parameters_settings_and_links_exist() -> None:
    known = {*TEMPLATE["Parameters"], *TEMPLATE["Outputs"], *TEMPLATE["Resources"]}
    settings = {name.upper() for name in Settings.model_fields}
    for name, text in documents():
        for word in re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-zA-Z]+)+)`", text):
            assert word in known | {
                "AccessDenied",
                "ColdStart",
                "ClientErrors",
                "ServerErrors",
                "StorageRefused",
            }, (name, word)
        for word in re.findall(r"`([A-Z]+_URL|REQUEST_[A-Z_]+)`", text):
            assert word in settings, (name, word)
        folder = OPERATING.parent if name == OPERATING.name else PAGES[0].parent
        for target in re.findall(r"\]\(([^)#]*)", text):
            assert not target or (folder / target).is_file(), (name, target)


def test_the_request_of_the_runbook_is_let_in_where_nothing_refuses_it(
    start_server: StartServer,
) -> None:
    server = start_server()
    text = (PAGES[0].parent / "ApiRefuses.md").read_text("utf-8")
    (line,) = (line for line in commands(text) if line.startswith("curl "))
    done = subprocess.run(
        ["bash", "-c", f"URL={server.address}; {line}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("HTTP/1.1 422 ")


def test_metrics_of_the_document_are_the_dashboards() -> None:
    text = OPERATING.read_text("utf-8")
    section = text.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    documented = set(
        re.findall(r"`([A-Z][A-Za-z0-9]*)`", section.partition("API Gateway answers")[0])
    )
    own = set()
    for widget in widgets(ALL):
        for row in expand(widget["properties"].get("metrics", [])):
            if row.metric and row.metric[0] == "${AWS::StackName}" and "_" not in row.metric[1]:
                own.add(row.metric[1])
    assert own - {"TIMEOUT", "OVERLOADED"} == documented
