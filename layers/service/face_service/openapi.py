"""Documents requests and responses in the OpenAPI document, with examples made from the schemas."""

import base64
import inspect
import json
from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias, get_args

from fastapi import FastAPI
from fastapi.openapi.constants import REF_TEMPLATE
from pydantic import BaseModel

from face_contract.errors import (
    GATEWAY_ERRORS,
    BadGateway,
    Details,
    ErrorCode,
    InternalError,
    MethodNotAllowed,
    NotFound,
    ServiceError,
    TimedOut,
)
from face_contract.schemas import ErrorResponse

# A part of the document.
Part: TypeAlias = dict[str, Any]

TAGS = {
    "faces": "Embed faces and compare them.",
    "service": "Is the service ready, which model does it use, and what are its limits?",
}
INTRODUCTION = Path(__file__).with_name("introduction.md")
PORTRAIT = Path(__file__).with_name("example_portrait.jpg")
# Longer examples are shown with requests and responses only, not again with each schema.
MAX_SCHEMA_EXAMPLE_CHARS = 200
# Given as a "model", FastAPI would make a validator of it for each of a hundred responses.
ERROR_SCHEMA = {"$ref": REF_TEMPLATE.format(model=ErrorResponse.__name__)}
RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer"},
    }
}


def document_responses(
    success: type[BaseModel], *errors: type[ServiceError]
) -> dict[int | str, dict[str, Any]]:
    """Returns a route's `responses`: its success, its own errors and those that all routes share.

    Args:
        success: model of the 200 response; each of its fields needs an example or a default.
        errors: the errors that are particular to this route.
    """
    examples: dict[HTTPStatus, Part] = defaultdict(dict)
    headers: dict[HTTPStatus, Part] = {}
    raised: list[type[ServiceError]] = [
        *errors,
        NotFound,
        MethodNotAllowed,
        InternalError,
        BadGateway,
        TimedOut,
    ]
    for error in raised:
        examples[error.status][error.code] = _error_example(
            error.code, error.message, error.example_details
        )
        if error.headers:
            headers[error.status] = {"headers": RETRY_AFTER}
    for gateway_error in GATEWAY_ERRORS:
        examples[gateway_error.status][gateway_error.code] = _error_example(
            gateway_error.code, gateway_error.message, None
        )
    documented: dict[int | str, dict[str, Any]] = {
        200: {
            "description": inspect.cleandoc(success.__doc__ or ""),
            "content": {"application/json": {"example": example_of(success)}},
        }
    }
    for status in sorted(examples):
        documented[int(status)] = {
            # Not the status's phrase, which depends on Python's version.
            "description": "\n".join(
                f"- `{code}`: {message}" for code, message in _messages(examples[status])
            ),
            "content": {"application/json": {"schema": ERROR_SCHEMA, "examples": examples[status]}},
            **headers.get(status, {}),
        }
    return documented


def complete_document(app: FastAPI) -> None:
    """Completes the document when it is first asked for, so that no start of the app pays for it.

    FastAPI's own lacks the schema of errors, an introduction, descriptions of the tags, examples of
    requests, and every null in the examples of responses.
    """
    generate = app.openapi

    def openapi() -> Part:
        if app.openapi_schema is None:
            document = generate()
            schemas = _add_error_schema(document)
            for operation in _operations(document):
                _add_request_example(operation, schemas)
                _restore_nulls(operation, schemas)
            for schema in schemas.values():
                _simplify(schema)
            _introduce(document)
            _share_responses(document)
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def example_of(model: type[BaseModel]) -> dict[str, object]:
    """Returns an example of a model, from its fields' examples or else their defaults."""
    example: dict[str, object] = {}
    for name, field in model.model_fields.items():
        if field.examples:
            example[name] = field.examples[0]
        elif nested := _model_in(field.annotation):
            example[name] = example_of(nested)
        elif nested := _model_in(*get_args(field.annotation)):
            example[name] = [example_of(nested)]
        else:
            example[name] = field.get_default(call_default_factory=True)
    return example


def _model_in(*types: object) -> type[BaseModel] | None:
    (first,) = types if len(types) == 1 else (None,)
    return first if isinstance(first, type) and issubclass(first, BaseModel) else None


def _error_example(code: ErrorCode, message: str, details: Details | None) -> Part:
    return {
        "summary": code,
        "value": {"error": {"code": code, "message": message, "details": details}},
    }


def _messages(examples: Part) -> Iterator[tuple[str, str]]:
    """Yields the code and the message of each example of an error."""
    for code, example in examples.items():
        yield code, example["value"]["error"]["message"]


def _operations(document: Part) -> Iterator[Part]:
    for methods in document["paths"].values():
        yield from methods.values()


def _add_error_schema(document: Part) -> Part:
    """Adds the schema of errors and its parts; returns all schemas, by name."""
    schema = ErrorResponse.model_json_schema(ref_template=REF_TEMPLATE, mode="serialization")
    components = document.setdefault("components", {})
    schemas = components.get("schemas", {}) | schema.pop("$defs") | {ErrorResponse.__name__: schema}
    ordered: Part = dict(sorted(schemas.items()))
    components["schemas"] = ordered
    return ordered


def _introduce(document: Part) -> None:
    """Adds the introduction, which ends with all errors, and the tags that are used."""
    operations = list(_operations(document))
    used = {tag for operation in operations for tag in operation.get("tags", ())}
    document["tags"] = [
        {"name": name, "description": text} for name, text in TAGS.items() if name in used
    ]
    errors = {
        (status, code): message
        for operation in operations
        for status, response in operation["responses"].items()
        for code, message in _messages(response["content"]["application/json"].get("examples", {}))
    }
    rows = [f"| {status} | `{code}` | {errors[status, code]} |" for status, code in sorted(errors)]
    table = ["| status | code | message |", "|---|---|---|", *rows]
    document["info"]["description"] = INTRODUCTION.read_text("utf-8") + "\n".join(table)


def _add_request_example(operation: Part, schemas: Part) -> None:
    """Adds an example of the request's body, with a real photo: it can be sent as it is."""
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        content["example"] = _example(content["schema"], schemas)


def _example(schema: Part, schemas: Part) -> Any:
    """Returns an example of a schema, or None. Fields of objects that have none are left out."""
    if "examples" in schema:
        return schema["examples"][0]
    if "default" in schema:
        return schema["default"]
    schema = _resolve(schema, schemas)
    if "items" in schema:
        return [_example(schema["items"], schemas)]
    if "properties" not in schema:
        return None
    fields = {name: _example(field, schemas) for name, field in schema["properties"].items()}
    if "image" in fields:
        fields["image"] = base64.b64encode(PORTRAIT.read_bytes()).decode("ascii")
    return {name: value for name, value in fields.items() if value is not None}


def _restore_nulls(operation: Part, schemas: Part) -> None:
    """Restores the nulls in the examples of an operation's responses."""
    for response in operation["responses"].values():
        content = response["content"]["application/json"]
        named = [example["value"] for example in content.get("examples", {}).values()]
        for example in [content.get("example"), *named]:
            _add_nulls(example, content["schema"], schemas)


def _add_nulls(example: Any, schema: Part, schemas: Part) -> None:
    """Adds the properties that an example lacks: each was null."""
    schema = _resolve(schema, schemas)
    if isinstance(example, list):
        for item in example:
            _add_nulls(item, schema.get("items", {}), schemas)
    elif isinstance(example, dict):
        for name, property_schema in schema.get("properties", {}).items():
            _add_nulls(example.setdefault(name, None), property_schema, schemas)


def _share_responses(document: Part) -> None:
    """Moves responses that several operations have to the components: a third of the document."""
    users: dict[str, list[tuple[Part, str]]] = defaultdict(list)
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            users[json.dumps(response)].append((operation["responses"], status))
    shared = document.setdefault("components", {}).setdefault("responses", {})
    for text, uses in users.items():
        response = json.loads(text)
        names = response["content"]["application/json"].get("examples")
        if names and len(uses) > 1:
            name = "_".join(names)
            shared[name] = response
            for responses, status in uses:
                responses[status] = {"$ref": f"#/components/responses/{name}"}


def _resolve(schema: Part, schemas: Part) -> Part:
    resolved: Part = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    return resolved


def _simplify(schema: Part) -> None:
    """Removes long examples, and the titles, which only repeat names."""
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
        if len(json.dumps(field.get("examples"))) > MAX_SCHEMA_EXAMPLE_CHARS:
            del field["examples"]
