"""Documents responses in the OpenAPI document, with examples made from the schemas."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any, get_args

from fastapi import FastAPI
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


def document_responses(
    success: type[BaseModel], *errors: type[ServiceError]
) -> dict[int | str, dict[str, Any]]:
    """Returns a route's `responses`: its success, its own errors and those that all routes share.

    Args:
        success: model of the 200 response; each of its fields needs an example or a default.
        errors: the errors that are particular to this route.
    """
    examples: dict[HTTPStatus, dict[ErrorCode, object]] = defaultdict(dict)
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
    for gateway_error in GATEWAY_ERRORS:
        examples[gateway_error.status][gateway_error.code] = _error_example(
            gateway_error.code, gateway_error.message, None
        )
    documented: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/json": {"example": example_of(success)}}}
    }
    for status in sorted(examples):
        documented[int(status)] = {
            "model": ErrorResponse,
            "description": status.phrase,
            "content": {"application/json": {"examples": examples[status]}},
        }
    return documented


def restore_nulls(app: FastAPI) -> None:
    """Restores the nulls in the examples of responses: FastAPI drops every null."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.get("components", {}).get("schemas", {})
        for methods in document["paths"].values():
            for operation in methods.values():
                for response in operation["responses"].values():
                    content = response["content"]["application/json"]
                    named = [example["value"] for example in content.get("examples", {}).values()]
                    for example in [content.get("example"), *named]:
                        _add_nulls(example, content["schema"], schemas)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _add_nulls(example: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Adds the properties that an example lacks: each was null."""
    schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if isinstance(example, list):
        for item in example:
            _add_nulls(item, schema.get("items", {}), schemas)
    elif isinstance(example, dict):
        for name, property_schema in schema.get("properties", {}).items():
            _add_nulls(example.setdefault(name, None), property_schema, schemas)


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


def _error_example(code: ErrorCode, message: str, details: Details | None) -> object:
    return {
        "summary": code,
        "value": {"error": {"code": code, "message": message, "details": details}},
    }
