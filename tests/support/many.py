"""Bodies of the requests with many photos."""

import base64
from typing import Any

import httpx2 as httpx

EXTRACT_MANY = "/api/v1/extract-embeddings"
MATCH = "/api/v1/match-faces"


def in_base64(photo: bytes) -> dict[str, str]:
    return {"image": base64.b64encode(photo).decode()}


def by_url(url: str) -> dict[str, str]:
    return {"image": url, "image_type": "url"}


def extract_many(
    service: httpx.Client, *images: dict[str, str], **options: Any
) -> list[dict[str, Any]]:
    """Returns the results for photos; requires status 200 and one result for each."""
    answer = service.post(EXTRACT_MANY, json={"images": images, **options})
    assert answer.status_code == 200, answer.text[:1000]
    results: list[dict[str, Any]] = answer.json()["results"]
    assert len(results) == len(images)
    return results


def match_many(
    service: httpx.Client, embedding: Any, *images: dict[str, str], **options: Any
) -> list[dict[str, Any]]:
    """Returns the matches of photos; requires status 200 and one match for each."""
    answer = service.post(MATCH, json={"embedding": embedding, "images": images, **options})
    assert answer.status_code == 200, answer.text[:1000]
    matches: list[dict[str, Any]] = answer.json()["matches"]
    assert len(matches) == len(images)
    return matches
