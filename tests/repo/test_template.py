import itertools
import json
import re
from typing import Any

import pytest

from face_contract.errors import (
    GATEWAY_ERRORS,
    BadGateway,
    ErrorCode,
    GatewayError,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    ServiceError,
    TimedOut,
)
from face_engine.model.catalog import read_catalog
from face_engine.model.choice import choose_model
from face_service.settings import MEBIBYTE, Settings
from face_warmup.warm_up import HOLDS_MS
from functions.local.app import create
from tests.support.paths import MODEL_DIR, ROOT
from tests.support.template import TEMPLATE, resources, statements, walk
from tools.translate_template import DEPLOYMENTS, Template, allows, resolve

PARAMETERS = TEMPLATE["Parameters"]
KEY, NETWORKS = DEPLOYMENTS["key"], DEPLOYMENTS["networks"]
ANY = "x-amazon-apigateway-any-method"
HEALTH = "/api/v1/health"
DOCS = {"/docs", "/redoc", "/openapi.json", "/static-offline-docs/{proxy+}"}
FUNCTIONS = ("ExtractFunction", "CompareFunction")
# What API Gateway calls the answers that it gives by itself.
GATEWAY_ANSWERS = {
    "ACCESS_DENIED": ErrorCode.FORBIDDEN,
    "EXPIRED_TOKEN": ErrorCode.FORBIDDEN,
    "INVALID_API_KEY": ErrorCode.FORBIDDEN,
    "INVALID_SIGNATURE": ErrorCode.FORBIDDEN,
    "UNAUTHORIZED": ErrorCode.FORBIDDEN,
    "WAF_FILTERED": ErrorCode.FORBIDDEN,
    "MISSING_AUTHENTICATION_TOKEN": ErrorCode.NOT_FOUND,
    "RESOURCE_NOT_FOUND": ErrorCode.NOT_FOUND,
    "REQUEST_TOO_LARGE": ErrorCode.PAYLOAD_TOO_LARGE,
    "QUOTA_EXCEEDED": ErrorCode.TOO_MANY_REQUESTS,
    "THROTTLED": ErrorCode.TOO_MANY_REQUESTS,
    "DEFAULT_4XX": ErrorCode.VALIDATION_ERROR,
    "INTEGRATION_TIMEOUT": ErrorCode.TIMEOUT,
    "INTEGRATION_FAILURE": ErrorCode.BAD_GATEWAY,
    "DEFAULT_5XX": ErrorCode.BAD_GATEWAY,
}


def api(values: dict[str, str]) -> Template:
    properties: Template = resources(values)["Api"]["Properties"]
    return properties


def paths(values: dict[str, str]) -> Template:
    found: Template = api(values)["DefinitionBody"]["paths"]
    return found


def parameters_in(node: Any) -> set[str]:
    text = json.dumps(node)
    names = re.findall(r'"Ref": "(\w+)"', text) + re.findall(r"\$\{(\w+)\}", text)
    return set(names) & set(PARAMETERS)


def test_every_parameter_is_described() -> None:
    for name, parameter in PARAMETERS.items():
        assert re.search(r"[.)]$", parameter["Description"]), name


def test_every_parameter_is_used() -> None:
    rest = {section: content for section, content in TEMPLATE.items() if section != "Parameters"}
    assert parameters_in(rest) == set(PARAMETERS)


def test_the_deployer_decides_about_the_key() -> None:
    parameter = PARAMETERS["RequireApiKey"]
    assert "Default" not in parameter
    for words in ("Vara", "no header but Content-Type", "403", "invents", "AllowedCidrs"):
        assert words in parameter["Description"]


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({"RequireApiKey": "true"}, True),
        ({"RequireApiKey": "false"}, False),
        ({"RequireApiKey": "false", "AllowedCidrs": "203.0.113.7/32"}, True),
    ],
)
def test_an_api_without_a_key_says_which_networks_may_call(
    values: dict[str, str], allowed: bool
) -> None:
    assert allows(TEMPLATE, values) is allowed


@pytest.mark.parametrize("values", DEPLOYMENTS.values(), ids=DEPLOYMENTS)
def test_what_is_validated_may_be_deployed(values: dict[str, str]) -> None:
    assert allows(TEMPLATE, values)
    for name, value in values.items():
        assert re.search(PARAMETERS[name].get("AllowedPattern", ""), value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AllowedCidrs", "203.0.113.7"),
        ("AllowedCidrs", "203.0.113.7/32, 198.51.100.0/24"),
        ("CorsOrigins", ""),
        ("CorsOrigins", "https://a.example, https://b.example"),
        ("CorsOrigins", "'https://a.example'"),
    ],
)
def test_a_parameter_that_would_fail_later_is_refused(name: str, value: str) -> None:
    assert not re.search(PARAMETERS[name]["AllowedPattern"], value)


def test_the_paths_are_the_contracts_and_the_app_judges_the_method() -> None:
    document = create(Settings(model_dir=MODEL_DIR)).openapi()
    assert set(paths(NETWORKS)) == set(document["paths"])
    for path, methods in paths(NETWORKS).items():
        assert set(methods) == ({ANY} if path == HEALTH else {ANY, "options"})
        wanted = "Compare" if path == "/api/v1/compare-faces" else "Extract"
        for method in methods.values():
            integration = method["x-amazon-apigateway-integration"]
            assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST")
            assert f"/functions/${{{wanted}Function.Arn}}:live/" in integration["uri"]["Fn::Sub"]


def test_documentation_is_served_on_demand() -> None:
    assert set(paths(KEY)) - set(paths(NETWORKS)) == DOCS


def test_health_documentation_and_preflights_never_need_a_key() -> None:
    for path, methods in paths(KEY).items():
        for method, operation in methods.items():
            free = path in {HEALTH, *DOCS} or method == "options"
            assert operation["security"] == ([] if free else [{"ApiKey": []}]), (path, method)


def test_a_key_belongs_to_a_usage_plan() -> None:
    deployed = resources(KEY)
    assert deployed["UsagePlanKey"]["Properties"]["KeyId"] == {"Ref": "ClientKey"}
    assert deployed["UsagePlan"]["Properties"]["Throttle"] == {"RateLimit": 100, "BurstLimit": 200}
    assert "get-api-key" in resolve(TEMPLATE, KEY)["Outputs"]["ApiKeyCommand"]["Value"]["Fn::Sub"]


def test_the_vara_client_needs_nothing_but_a_content_type() -> None:
    # Its headers, all of them: {"Content-Type": "application/json"}.
    deployed = api(NETWORKS)
    for methods in deployed["DefinitionBody"]["paths"].values():
        for operation in methods.values():
            assert operation["security"] == []
            assert set(operation) == {"security", "responses", "x-amazon-apigateway-integration"}
    assert not {"Auth", "Models", "Domain"} & set(deployed)
    assert "x-amazon-apigateway-request-validators" not in deployed["DefinitionBody"]
    assert not {"ClientKey", "UsagePlan", "UsagePlanKey"} & set(resources(NETWORKS))
    assert "ApiKeyCommand" not in resolve(TEMPLATE, NETWORKS)["Outputs"]


def test_networks_are_allowed_by_a_resource_policy() -> None:
    allow, deny = api(NETWORKS)["DefinitionBody"]["x-amazon-apigateway-policy"]["Statement"]
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    sources = {"aws:SourceIp": {"Fn::Split": [",", NETWORKS["AllowedCidrs"]]}}
    assert deny["Condition"] == {"NotIpAddress": sources}
    assert api(KEY)["DefinitionBody"]["x-amazon-apigateway-policy"]["Statement"] == [allow]


def test_gateway_answers_are_the_envelope() -> None:
    errors: dict[ErrorCode, GatewayError | type[ServiceError]] = {
        error.code: error
        for error in (
            *GATEWAY_ERRORS,
            NotFound,
            PayloadTooLarge,
            InvalidRequest,
            BadGateway,
            TimedOut,
        )
    }
    answers = api(NETWORKS)["GatewayResponses"]
    assert set(answers) == set(GATEWAY_ANSWERS)
    assert set(errors) == set(GATEWAY_ANSWERS.values())
    for name, code in GATEWAY_ANSWERS.items():
        error = errors[code]
        assert answers[name]["StatusCode"] == error.status, name
        assert set(answers[name]["ResponseTemplates"]) == {"application/json"}
        body = answers[name]["ResponseTemplates"]["application/json"]
        assert json.loads(body) == {
            "error": {"code": code, "message": error.message, "details": None}
        }


def test_a_browser_can_read_gateway_answers() -> None:
    first_origin = {"Fn::Select": [0, {"Fn::Split": [",", KEY["CorsOrigins"]]}]}
    for answer in api(KEY)["GatewayResponses"].values():
        assert answer["ResponseParameters"]["Headers"] == {
            "Access-Control-Allow-Origin": {"Fn::Join": ["", ["'", first_origin, "'"]]}
        }


def test_a_changed_parameter_goes_live() -> None:
    assert TEMPLATE["Resources"]["Api"]["Properties"]["AlwaysDeploy"] is True
    for name in FUNCTIONS:
        properties = TEMPLATE["Resources"][name]["Properties"]
        # These two belong to the alias and to its deployment.
        used = parameters_in([properties, TEMPLATE["Globals"]]) - {
            "ProvisionedConcurrency",
            "Rollout",
        }
        assert parameters_in(properties["VersionDescription"]) == used
        assert properties["AutoPublishAliasAllProperties"] is True


def test_a_versions_description_is_not_too_long() -> None:
    for name in FUNCTIONS:
        description = TEMPLATE["Resources"][name]["Properties"]["VersionDescription"]["Fn::Sub"]
        longest = len(description.strip())
        for parameter in parameters_in(description):
            values = PARAMETERS[parameter].get("AllowedValues", ["x" * 5])
            most = PARAMETERS[parameter].get("MaxLength", max(map(len, values)))
            longest += most - len("${}") - len(parameter)
        assert longest <= 256


def test_every_variable_is_a_setting() -> None:
    # The detector's setting comes with the model that has a choice of detectors.
    known = {name.upper() for name in Settings.model_fields}
    assert set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]) <= known
    for name in FUNCTIONS:
        properties = TEMPLATE["Resources"][name]["Properties"]
        assert set(properties["Environment"]["Variables"]) <= known


def test_a_request_fits_into_lambdas_limit_and_a_photo_of_4_4_mb_into_it() -> None:
    for name in FUNCTIONS:
        variables = resources(NETWORKS)[name]["Properties"]["Environment"]["Variables"]
        headers_twice = 2 * 10_240
        assert variables["MAX_BODY_BYTES"] + headers_twice < 6 * MEBIBYTE
        assert variables["MAX_BODY_BYTES"] > 4.4 * MEBIBYTE * 4 / 3
        # It is the limit of photos by URL, too.
        assert "MAX_IMAGE_BYTES" not in variables


def test_images_are_built_from_the_root_with_the_deployed_model() -> None:
    for name in FUNCTIONS:
        metadata = TEMPLATE["Resources"][name]["Metadata"]
        assert metadata["DockerContext"] == "."
        folder = name.removesuffix("Function").lower()
        assert metadata["Dockerfile"] == f"functions/{folder}/Dockerfile"
        assert (ROOT / "functions" / folder).is_dir()
    extract = TEMPLATE["Resources"]["ExtractFunction"]
    model = extract["Properties"]["Environment"]["Variables"]["FACE_MODEL"]
    base = {"BASE_IMAGE": {"Ref": "BaseImage"}}
    assert extract["Metadata"]["DockerBuildArgs"] == {**base, "FACE_MODEL": model}
    assert TEMPLATE["Resources"]["CompareFunction"]["Metadata"]["DockerBuildArgs"] == base


def test_the_base_image_is_the_dockerfiles_own_by_default() -> None:
    for name in ("extract", "compare"):
        dockerfile = (ROOT / f"functions/{name}/Dockerfile").read_text("utf-8")
        assert f"ARG BASE_IMAGE={PARAMETERS['BaseImage']['Default']}\n" in dockerfile


def test_no_action_is_a_wildcard_and_no_resource_that_aws_can_name() -> None:
    for name, resource in TEMPLATE["Resources"].items():
        for statement in walk(resource):
            if "Effect" not in statement:
                continue
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                assert "*" not in action, name
            if statement.get("Resource") == "*":
                assert {action.split(":")[0] for action in actions} == {"xray"}, name


def test_functions_have_roles_of_their_own_without_policies_of_aws() -> None:
    roles = []
    for resource in TEMPLATE["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            assert "Policies" not in resource["Properties"]
            roles.append(resource["Properties"]["Role"]["Fn::GetAtt"][0])
        if resource["Type"] == "AWS::IAM::Role":
            assert "ManagedPolicyArns" not in resource["Properties"]
    assert len(set(roles)) == len(roles) == 7


def test_the_warm_up_reads_the_aliases_and_calls_their_versions_and_nothing_else() -> None:
    aliases = [{"Ref": "ExtractFunction.Alias"}, {"Ref": "CompareFunction.Alias"}]
    properties = TEMPLATE["Resources"]["WarmUpFunction"]["Properties"]
    targets = properties["Environment"]["Variables"]["TARGETS"]
    assert targets == {"Fn::Join": [",", aliases]}
    granted = statements("WarmUpRole")
    assert granted["lambda:InvokeFunction"] == [
        {"Fn::Sub": "${ExtractFunction.Arn}:*"},
        {"Fn::Sub": "${CompareFunction.Arn}:*"},
    ]
    functions = [
        {"Fn::GetAtt": ["ExtractFunction", "Arn"]},
        {"Fn::GetAtt": ["CompareFunction", "Arn"]},
    ]
    assert all(part in granted["lambda:GetAlias"] for part in functions + aliases)
    assert len(granted["lambda:GetAlias"]) == 4
    assert {action.split(":")[0] for action in granted} == {"lambda", "logs", "xray"}


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "ENABLED"),
        ({"ProvisionedConcurrency": "1"}, "DISABLED"),
        ({"WarmInstances": "0"}, "DISABLED"),
    ],
)
def test_the_schedule_rests_where_it_would_pay_twice(values: dict[str, str], state: str) -> None:
    function = resources({**NETWORKS, **values})["WarmUpFunction"]["Properties"]
    schedule = function["Events"]["Every"]["Properties"]
    assert schedule["State"] == state
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert "${AWS::StackName}" in schedule["Name"]["Fn::Sub"]


def test_a_bad_version_is_rolled_back() -> None:
    deployed = resources(NETWORKS)
    for name, slow in zip(FUNCTIONS, ("ExtractIsSlow", "CompareIsSlow"), strict=True):
        preference = deployed[name]["Properties"]["DeploymentPreference"]
        assert preference["Type"] == "Canary10Percent5Minutes"
        assert preference["Alarms"] == [{"Ref": "ApiFails"}, {"Ref": slow}]
        assert deployed[slow]["Properties"]["ExtendedStatistic"] == "p99"
    dimensions = deployed["ApiFails"]["Properties"]["Dimensions"]
    assert {d["Name"]: d["Value"] for d in dimensions} == {
        "ApiName": api(NETWORKS)["Name"],
        "Stage": api(NETWORKS)["StageName"],
    }


@pytest.mark.parametrize(
    ("function", "hook", "handler"),
    [
        ("ExtractFunction", "ExtractHook", "pre_traffic.extract_handler"),
        ("CompareFunction", "CompareHook", "pre_traffic.compare_handler"),
    ],
)
def test_a_hook_checks_the_new_version_before_it_gets_traffic(
    function: str, hook: str, handler: str
) -> None:
    preference = TEMPLATE["Resources"][function]["Properties"]["DeploymentPreference"]
    assert preference["Hooks"] == {"PreTraffic": {"Ref": hook}}
    # SAM makes CodeDeploy's role, whose AWSCodeDeployRoleForLambda may call CodeDeployHook_* only.
    assert "Role" not in preference
    properties = TEMPLATE["Resources"][hook]["Properties"]
    assert properties["FunctionName"]["Fn::Sub"].startswith("CodeDeployHook_${AWS::StackName}")
    assert properties["Handler"] == handler
    module, _, entry = handler.partition(".")
    source = (ROOT / properties["CodeUri"] / f"{module}.py").read_text("utf-8")
    assert f"\ndef {entry}(" in source
    variables = properties["Environment"]["Variables"]
    assert variables["NEW_VERSION"] == {"Ref": f"{function}.Version"}
    granted = statements(f"{hook}Role")
    assert granted["lambda:InvokeFunction"] == {"Fn::Sub": f"${{{function}.Arn}}:*"}
    report = granted["codedeploy:PutLifecycleEventHookExecutionStatus"]["Fn::Sub"]
    assert report.endswith(":deploymentgroup:${ServerlessDeploymentApplication}/*")
    assert {action.split(":")[0] for action in granted} == {"lambda", "codedeploy", "logs", "xray"}


def test_a_hook_has_time_for_its_checks_and_its_report() -> None:
    source = (ROOT / "functions/warmup/pre_traffic.py").read_text("utf-8")
    patience = re.search(r"connect_timeout=(\d+),\s+# .*\s+read_timeout=(\d+)", source)
    reserve = re.search(r"^REPORT_TIME_S = (\d+)", source, re.MULTILINE)
    assert patience
    assert reserve
    call_s = int(patience[1]) + int(patience[2])
    # A cold instance may load for ten seconds before the function's time begins.
    assert int(patience[2]) >= PARAMETERS["ExtractTimeout"]["MaxValue"] + 10
    for hook in ("ExtractHook", "CompareHook"):
        timeout_s = TEMPLATE["Resources"][hook]["Properties"]["Timeout"]
        assert timeout_s >= (len(HOLDS_MS) + 1) * call_s + int(reserve[1])


@pytest.mark.parametrize(
    ("values", "instances"),
    [
        ({}, 2),
        ({"WarmInstances": "5"}, "5"),
        # Answers are checked even where nothing is kept warm, or where AWS itself keeps it so.
        ({"WarmInstances": "0"}, 1),
        ({"WarmInstances": "5", "ProvisionedConcurrency": "3"}, 1),
    ],
)
def test_a_hook_warms_what_the_schedule_keeps_warm_and_at_least_one(
    values: dict[str, str], instances: object
) -> None:
    deployed = resources({**NETWORKS, **values})
    for hook in ("ExtractHook", "CompareHook"):
        variables = deployed[hook]["Properties"]["Environment"]["Variables"]
        assert variables["WARM_INSTANCES"] == instances


@pytest.mark.parametrize(
    ("values", "model"),
    [
        ({}, "arcface/retinaface/deepface"),
        ({"Detector": "yunet"}, "arcface/yunet/deepface"),
        ({"Alignment": "similarity"}, "arcface/retinaface/similarity"),
        # It has one detector and one alignment, whatever the parameters say.
        ({"FaceModel": "mobilefacenet"}, "mobilefacenet/yunet/similarity"),
        ({"FaceModel": "mobilefacenet", "Detector": "yunet"}, "mobilefacenet/yunet/similarity"),
    ],
)
def test_the_hook_expects_the_deployed_model(values: dict[str, str], model: str) -> None:
    hook = resources({**NETWORKS, **values})["ExtractHook"]["Properties"]
    assert hook["Environment"]["Variables"]["EXPECTED_MODEL"] == model


def test_the_models_of_the_template_are_the_catalogues() -> None:
    catalog = read_catalog()
    parameters = {"FaceModel": "face_model", "Detector": "detector", "Alignment": "alignment"}
    for parameter, setting in parameters.items():
        assert set(PARAMETERS[parameter]["AllowedValues"]) == set(catalog.choices[setting])
    choices = itertools.product(*(PARAMETERS[name]["AllowedValues"] for name in parameters))
    for model, detector, alignment in choices:
        chosen = choose_model(model, detector, alignment, catalog)
        values = {"FaceModel": model, "Detector": detector, "Alignment": alignment}
        hook = resources({**NETWORKS, **values})["ExtractHook"]["Properties"]
        expected = f"{model}/{chosen.detector}/{chosen.alignment}"
        assert hook["Environment"]["Variables"]["EXPECTED_MODEL"] == expected, values


def test_logs_are_kept_for_a_while_only() -> None:
    for resource in TEMPLATE["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            group = resource["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
            retention = TEMPLATE["Resources"][group]["Properties"]["RetentionInDays"]
            assert retention == {"Ref": "LogRetentionDays"}
