"""The template, and parts of it that several tests read."""

import json
from collections.abc import Iterator
from typing import Any

from tools.translate_template import REGION, Template, read_template, resolve

TEMPLATE = read_template()
FUNCTIONS = f"arn:aws:lambda:{REGION}:123456789012:function"


def resources(values: dict[str, str]) -> Template:
    deployed: Template = resolve(TEMPLATE, values)["Resources"]
    return deployed


def walk(node: Any) -> Iterator[Template]:
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node:
        if isinstance(part, dict | list):
            yield from walk(part)


def statements(role: str) -> dict[str, Any]:
    """The resources of a role's policy by action; a list of actions is joined by blanks."""
    (policy,) = TEMPLATE["Resources"][role]["Properties"]["Policies"]
    return {
        " ".join([s["Action"]] if isinstance(s["Action"], str) else s["Action"]): s["Resource"]
        for s in policy["PolicyDocument"]["Statement"]
    }


def workflow_of(template: Template) -> Template:
    """Returns the workflow's definition in a resolved template."""
    text = template["Resources"]["EmbedBucket"]["Properties"]["DefinitionString"]["Fn::Sub"]
    for name, value in {
        "AWS::Partition": "aws",
        "ExpandFunction.Arn": f"{FUNCTIONS}:expand",
        "BulkFunction.Arn": f"{FUNCTIONS}:bulk",
    }.items():
        text = text.replace(f"${{{name}}}", value)
    definition: Template = json.loads(text)
    return definition
