"""Translates template.yaml to plain CloudFormation, for checks that cannot read SAM's types.

    python tools/translate_template.py FOLDER

`conditional.json` is what AWS makes of the template. Each other file is one example deployment, in
which parameters and conditions are replaced by their values, so that the checks see them.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import yaml

Template: TypeAlias = dict[str, Any]

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
REGION = "eu-west-1"
DEPLOYMENTS = {
    "key": {
        "RequireApiKey": "true",
        "CorsOrigins": "https://a.example,https://b.example",
        "EnableDocs": "true",
        "ProvisionedConcurrency": "2",
        "AlarmTopicArn": f"arn:aws:sns:{REGION}:111111111111:alarms",
    },
    "networks": {"RequireApiKey": "false", "AllowedCidrs": "203.0.113.7/32,198.51.100.0/24"},
    "open": {"RequireApiKey": "false", "AllowedCidrs": "0.0.0.0/0", "WarmInstances": "0"},
    "bucket": {
        "RequireApiKey": "true",
        "PhotosBucket": "photos",
        "PhotosPrefix": "people/",
        "ResultsBucket": "results",
    },
    "legacy": {
        "RequireApiKey": "true",
        "LegacyUrl": "https://old-service.example/base",
        "RunbookUrl": "https://git.example/faces/docs/runbook",
    },
}
_NO_VALUE = object()
_LOGIC: dict[str, Callable[[list[Any]], bool]] = {
    "Fn::Equals": lambda pair: str(pair[0]) == str(pair[1]),
    "Fn::Not": lambda single: not single[0],
    "Fn::And": all,
    "Fn::Or": any,
}


class _Loader(yaml.CSafeLoader):
    """Reads `!Ref x` as `{"Ref": "x"}`, and the other short forms in the same way."""


def _read_tag(loader: _Loader, tag: str, node: yaml.ScalarNode | yaml.SequenceNode) -> Template:
    value: object
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = str(value).split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _read_tag)


def read_template(path: Path = TEMPLATE) -> Template:
    """Reads the template and expands the short forms of functions."""
    content: Template = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506
    return content


def translate(template: Template, values: Mapping[str, str]) -> Template:
    """Returns the plain CloudFormation that AWS makes of a SAM template.

    Args:
        template: changed in place: what `sam package` would upload gets an address.
        values: values of the parameters without a default.
    """
    # Only the environment of requirements/sam.txt has this package.
    from samtranslator.parser.parser import Parser  # type: ignore[import-not-found]
    from samtranslator.translator.translator import Translator  # type: ignore[import-not-found]

    # It warns about feature flags that only AWS itself can set.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        match resource["Type"], properties.get("PackageType"):
            case "AWS::Serverless::Function", "Image":
                properties["ImageUri"] = f"111111111111.dkr.ecr.{REGION}.amazonaws.com/image:tag"
            case "AWS::Serverless::Function", _:
                properties["CodeUri"] = "s3://artifacts/function"
            case "AWS::Serverless::LayerVersion", _:
                properties["ContentUri"] = "s3://artifacts/layer"
    # The translator reads only the session's region.
    session = SimpleNamespace(region_name=REGION)
    translator = Translator({}, Parser(), boto_session=session)
    translated: Template = translator.translate(template, dict(values))
    return translated


def resolve(template: Template, values: Mapping[str, str]) -> Template:
    """Returns the template with parameters and conditions replaced by their values.

    Args:
        template: SAM or CloudFormation, with the long forms of functions.
        values: parameter values that differ from the defaults.
    """
    resolver = _Resolver(template, values)
    kept = {
        section: content
        for section, content in template.items()
        if section not in {"Parameters", "Mappings", "Conditions", "Rules"}
    }
    for section in ("Resources", "Outputs"):
        kept[section] = {
            name: {key: part for key, part in entry.items() if key != "Condition"}
            for name, entry in template[section].items()
            if "Condition" not in entry or resolver.visit({"Condition": entry["Condition"]})
        }
    resolved: Template = resolver.visit(kept)
    return resolved


def allows(template: Template, values: Mapping[str, str]) -> bool:
    """Returns whether the template's rules allow a deployment with these parameters."""
    resolver = _Resolver(template, values)
    return all(
        resolver.visit(assertion["Assert"])
        for rule in template["Rules"].values()
        for assertion in rule["Assertions"]
    )


class _Resolver:
    def __init__(self, template: Template, values: Mapping[str, str]) -> None:
        self._conditions = template["Conditions"]
        self._mappings = template["Mappings"]
        self._values = {
            name: values[name] if name in values else parameter["Default"]
            for name, parameter in template["Parameters"].items()
        }

    def visit(self, node: Any) -> Any:
        """Returns the node with all known values filled in."""
        if isinstance(node, list):
            return [part for part in map(self.visit, node) if part is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if isinstance(argument, str):
                return self._look_up(function, argument)
            if function == "Fn::If":
                name, then, otherwise = argument
                return self.visit(then if self._look_up("Condition", name) else otherwise)
        visited = {key: self.visit(part) for key, part in node.items()}
        return self._evaluate({k: part for k, part in visited.items() if part is not _NO_VALUE})

    def _evaluate(self, node: Template) -> Any:
        """Returns the result of a function whose arguments are known, and any other node itself."""
        match node:
            case {"Fn::FindInMap": [name, first_key, second_key]}:
                return self._mappings[name][first_key][second_key]
            case {"Fn::Join": [separator, [*parts]]} if all(isinstance(p, str) for p in parts):
                return separator.join(parts)
            case {"Fn::Sub": [text, {**variables}]}:
                for name, value in variables.items():
                    known = value["Fn::Sub"] if isinstance(value, dict) else value
                    text = text.replace(f"${{{name}}}", known)
                return self._look_up("Fn::Sub", text)
        for function in node.keys() & _LOGIC.keys():
            return _LOGIC[function](node[function])
        return node

    def _look_up(self, function: str, name: str) -> Any:
        match function:
            case "Condition":
                return self.visit(self._conditions[name])
            case "Ref" if name == "AWS::NoValue":
                return _NO_VALUE
            case "Ref" if name in self._values:
                return self._values[name]
            case "Fn::Sub":
                text = re.sub(r"\$\{(\w+)\}", lambda m: str(self._values.get(m[1], m[0])), name)
                return {"Fn::Sub": text} if "${" in text else text
            case _:
                return {function: name}


def main() -> None:
    """Writes the files to the folder given on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    files = {"conditional": translate(read_template(), DEPLOYMENTS["key"])}
    for name, values in DEPLOYMENTS.items():
        files[name] = resolve(translate(read_template(), values), values)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1), "utf-8")


if __name__ == "__main__":
    main()
