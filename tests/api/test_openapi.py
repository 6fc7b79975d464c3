from typing import Any

import httpx2 as httpx
import pytest
from pydantic import BaseModel

from face_contract import scan_schemas, schemas
from face_contract.errors import ErrorCode
from face_service.openapi import example_of

RESPONSES: dict[str, type[BaseModel]] = {
    "/api/v1/health": schemas.HealthResponse,
    "/api/v1/extract-embedding": schemas.ExtractResponse,
    "/api/v1/extract-embeddings": scan_schemas.ExtractManyResponse,
    "/api/v1/match-faces": scan_schemas.MatchResponse,
    "/api/v1/compare-faces": schemas.CompareResponse,
    "/api/v1/warm-up": schemas.WarmUpResponse,
    "/api/v1/model-info": schemas.ModelInfoResponse,
}


@pytest.fixture(scope="module")
def document(local_service: httpx.Client) -> dict[str, Any]:
    content: dict[str, Any] = local_service.get("/openapi.json").json()
    return content


def test_one_document_holds_every_path(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == set(RESPONSES)


def test_every_success_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    for path, model in RESPONSES.items():
        (operation,) = document["paths"][path].values()
        example = operation["responses"]["200"]["content"]["application/json"]["example"]
        assert model.model_validate(example).model_dump(mode="json") == example


def test_every_error_has_an_example_in_the_envelope(document: dict[str, Any]) -> None:
    seen = set()
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status == "200":
                    continue
                content = response["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorResponse"}
                for code, example in content["examples"].items():
                    error = schemas.ErrorResponse.model_validate(example["value"]).error
                    assert error.code == code
                    seen.add(code)
    assert seen == set(ErrorCode)


def test_the_frameworks_own_error_schema_is_not_in_it(document: dict[str, Any]) -> None:
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


def test_the_examples_of_requests_are_accepted(local_service: httpx.Client) -> None:
    body = {k: v for k, v in example_of(schemas.CompareRequest).items() if v is not None}
    answer = local_service.post("/api/v1/compare-faces", json=body)
    assert answer.status_code == 200
