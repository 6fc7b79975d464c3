"""The optional way to the old service in template.yaml."""

import json
import re

import pytest

from face_service.settings import LEGACY_URL
from tests.support.template import TEMPLATE, resources
from tools.translate_template import DEPLOYMENTS, Template, resolve

LEGACY, NETWORKS = DEPLOYMENTS["legacy"], DEPLOYMENTS["networks"]
OFF = {**LEGACY, "LegacyUrl": ""}
ANY = "x-amazon-apigateway-any-method"
BINARY = "x-amazon-apigateway-binary-media-types"


def definition(values: dict[str, str]) -> Template:
    body: Template = resources(values)["Api"]["Properties"]["DefinitionBody"]
    return body


def test_without_a_url_nothing_of_it_is_made() -> None:
    assert set(definition(LEGACY)["paths"]) - set(definition(OFF)["paths"]) == {"/", "/{proxy+}"}
    assert BINARY not in definition(OFF)
    assert "LegacyUrl" not in json.dumps(resolve(TEMPLATE, OFF))
    assert "http_proxy" not in json.dumps(resolve(TEMPLATE, OFF))
    # And with one, our own paths and all else stay as they are.
    for values in (LEGACY, OFF):
        for path in ("/", "/{proxy+}"):
            definition(values)["paths"].pop(path, None)
    with_url, without = resources(LEGACY), resources(OFF)
    assert set(with_url) == set(without)
    for name in set(with_url) - {"Api"}:
        assert with_url[name] == without[name]
    ours = definition(OFF)["paths"]
    assert {path: definition(LEGACY)["paths"][path] for path in ours} == ours


@pytest.mark.parametrize(("path", "end"), [("/", "/"), ("/{proxy+}", "/{proxy}")])
def test_unknown_paths_go_to_the_one_url_as_they_came(path: str, end: str) -> None:
    methods = definition(LEGACY)["paths"][path]
    assert set(methods) == {ANY, "options"}
    for method, operation in methods.items():
        integration = operation["x-amazon-apigateway-integration"]
        assert integration["type"] == "http_proxy"
        assert integration["httpMethod"] == ("ANY" if method == ANY else "OPTIONS")
        assert integration["uri"] == LEGACY["LegacyUrl"] + end
        # As long as for our own functions.
        assert integration["timeoutInMillis"] == 29_000
        assert integration["responseTransferMode"] == "STREAM"
        proxied = {"integration.request.path.proxy": "method.request.path.proxy"}
        assert integration.get("requestParameters", {}) == (proxied if "proxy" in path else {})
        assert "contentHandling" not in integration


def test_the_old_service_is_no_easier_to_reach_than_ours() -> None:
    ours = definition(LEGACY)["paths"]["/api/v1/extract-embedding"]
    keys: list[tuple[dict[str, str], list[object]]] = [
        (LEGACY, [{"ApiKey": []}]),
        ({**LEGACY, **NETWORKS}, []),
    ]
    for values, key in keys:
        for path in ("/", "/{proxy+}"):
            methods = definition(values)["paths"][path]
            assert methods[ANY]["security"] == key
            # Browsers send no key with a preflight.
            assert methods["options"]["security"] == []
    assert ours[ANY]["security"] == [{"ApiKey": []}]
    policy = definition({**LEGACY, **NETWORKS})["x-amazon-apigateway-policy"]["Statement"]
    assert {statement["Resource"] for statement in policy} == {"execute-api:/*"}
    (limits,) = resources(LEGACY)["Api"]["Properties"]["MethodSettings"]
    assert (limits["ResourcePath"], limits["HttpMethod"]) == ("/*", "*")


def test_json_stays_text_for_our_own_functions() -> None:
    # As base64, a photo in JSON would be a third larger, and Lambda's limit is that of the event.
    types = definition(LEGACY)[BINARY]
    assert {"image/jpeg", "multipart/form-data", "application/octet-stream"} <= set(types)
    assert not {"*/*", "application/json"} & set(types)


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("", True),
        ("http://old_service:8001", True),
        ("https://old-service.example/base/v1", True),
        ("https://old-service.example/", False),
        ("https://old-service.example/a?b=c", False),
        ("https://user:secret@old-service.example", False),
        ("ftp://old-service.example", False),
        ("old-service.example", False),
        ("https://old-service.example/{proxy}", False),
    ],
)
def test_the_parameter_and_the_setting_allow_the_same(url: str, is_allowed: bool) -> None:
    pattern = TEMPLATE["Parameters"]["LegacyUrl"]["AllowedPattern"]
    assert pattern == LEGACY_URL
    assert bool(re.search(pattern, url)) is is_allowed
