"""Documents responses in the OpenAPI document, with examples made from the schemas."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any, get_args

from fastapi import FastAPI
from pydantic import BaseModel

from face_contract.errors import (
    GATEWAY_ERRORS,
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


def restore_null_details(app: FastAPI) -> None:
    """Restores `details: null` in the app's examples: FastAPI drops every null."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for methods in document["paths"].values():
            for operation in methods.values():
                for response in operation["responses"].values():
                    for example in (
                        response["content"]["application/json"].get("examples", {}).values()
                    ):
                        example["value"]["error"].setdefault("details", None)
        return document

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


def _error_example(code: ErrorCode, message: str, details: Details | None) -> object:
    return {
        "summary": code,
        "value": {"error": {"code": code, "message": message, "details": details}},
    }
