from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest
from pydantic import BaseModel

from face_contract import scan_schemas, schemas
from face_contract.errors import ErrorCode

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


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def request_examples(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The examples of requests, by path."""
    return {
        path: operation["requestBody"]["content"]["application/json"]["example"]
        for path, _, operation in operations(document)
        if "requestBody" in operation
    }


def undescribed(part: Any, place: str = "") -> Iterator[str]:
    """Yields the places of all fields and schemas without a description."""
    if isinstance(part, list):
        for index, item in enumerate(part):
            yield from undescribed(item, f"{place}/{index}")
    elif isinstance(part, dict):
        for name, field in part.get("properties", {}).items():
            if not field.get("description", "").strip():
                yield f"{place}/{name}"
        for name, item in part.items():
            yield from undescribed(item, f"{place}/{name}")


def test_one_document_holds_every_path(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == set(RESPONSES)


def test_every_operation_field_and_tag_is_described(document: dict[str, Any]) -> None:
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    for path, method, operation in operations(document):
        assert all(described[tag].strip() for tag in operation["tags"]), path
        assert operation["summary"].strip(), (path, method)
        assert not operation["summary"].endswith("?"), (path, method)
        assert operation["description"].strip(), (path, method)
    schemas_ = document["components"]["schemas"]
    assert [name for name, schema in schemas_.items() if not schema.get("description")] == []
    assert list(undescribed(document)) == []
    # The walk finds what is missing.
    assert list(undescribed({"allOf": [{"properties": {"y": {"type": "number"}}}]})) == [
        "/allOf/0/y"
    ]


def test_the_introduction_lists_every_error(document: dict[str, Any]) -> None:
    text = document["info"]["description"]
    for heading in ("Comparing", "Model identities", "Limits", "Errors"):
        assert f"## {heading}\n" in text
    assert [code for code in ErrorCode if f" | `{code}` | " not in text] == []


def test_every_success_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    for path, model in RESPONSES.items():
        (operation,) = document["paths"][path].values()
        example = operation["responses"]["200"]["content"]["application/json"]["example"]
        assert model.model_validate(example).model_dump(mode="json") == example


def test_every_error_has_an_example_in_the_envelope(document: dict[str, Any]) -> None:
    seen = set()
    shared = document["components"]["responses"]
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status == "200":
                continue
            resolved = shared.get(response.get("$ref", "").rpartition("/")[2], response)
            content = resolved["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/ErrorResponse"}
            for code, example in content["examples"].items():
                error = schemas.ErrorResponse.model_validate(example["value"]).error
                assert error.code == code
                assert f"`{code}`: {error.message}" in resolved["description"]
                seen.add(code)
    assert seen == set(ErrorCode)


def test_the_frameworks_own_error_schema_is_not_in_it(document: dict[str, Any]) -> None:
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


def test_every_example_of_a_request_is_answered(
    local_service: httpx.Client, document: dict[str, Any]
) -> None:
    """The photo in them shows one face, wherever it is sent."""
    examples = request_examples(document)
    assert len(examples) == 4
    answers = {path: local_service.post(path, json=example) for path, example in examples.items()}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        examples, 200
    )
    contents = {path.rpartition("/")[2]: answer.json() for path, answer in answers.items()}
    assert contents["extract-embedding"]["face_count"] == 1
    assert [photo["face_count"] for photo in contents["extract-embeddings"]["results"]] == [1]
    assert [match["face_count"] for match in contents["match-faces"]["matches"]] == [1]
    # This answer is the one that the document shows.
    (operation,) = document["paths"]["/api/v1/compare-faces"].values()
    shown = operation["responses"]["200"]["content"]["application/json"]["example"]
    assert contents["compare-faces"] == pytest.approx(shown, abs=0.01)


def test_the_document_is_small_and_the_same_when_it_is_asked_for_again(
    local_service: httpx.Client,
) -> None:
    first, again = (local_service.get("/openapi.json").content for _ in range(2))
    assert first == again
    assert len(first) < 70_000
