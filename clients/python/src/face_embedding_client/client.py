"""The client: one method for each endpoint."""

import base64
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlsplit

import httpx2 as httpx

from face_embedding_client.answers import (
    Answer,
    read_comparison,
    read_extraction,
    read_health,
    read_matches,
    read_model_info,
    read_photos_faces,
    read_result,
)
from face_embedding_client.exchange import BackgroundLoop, Exchange
from face_embedding_client.results import (
    Comparison,
    Embedding,
    Extraction,
    Health,
    Matches,
    Metric,
    ModelInfo,
    PhotosFaces,
)
from face_embedding_client.retries import RetryPolicy

API_PREFIX = "api/v1"
# Two answers of the service or the gateway, which take 29 s at most.
DEFAULT_TIMEOUT_S = 60.0
SCHEMES = ("http", "https")

# The file's bytes, its path, or its URL as text, which the service downloads.
Photo: TypeAlias = bytes | os.PathLike[str] | str


class FaceClient:
    """Calls the service. Threads may share it; use it as a context manager, or close it.

    Every method raises a `FaceClientError` if there is no result, and an `OSError` if a photo's
    file cannot be read. None ever makes up a vector.

    Args:
        base_url: where the service is, without `/api/v1`.
        api_key: sent as `x-api-key`.
        timeout_s: time of a call, all attempts and pauses included.
        retries: when to try again.
        transport: sends the requests instead of the network.

    Raises:
        ValueError: the URL or the time is not valid.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retries: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        _check_base_url(base_url)
        if timeout_s <= 0:
            raise ValueError("the time of a call must be more than 0 s")
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"x-api-key": api_key} if api_key else {},
            timeout=None,
            transport=transport,
        )
        self._exchange = Exchange(self._http, timeout_s, retries or RetryPolicy())
        self._loop = BackgroundLoop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections and cancels the calls of other threads."""
        self._loop.run(self._http.aclose())
        self._loop.close()

    def extract_embedding(
        self, photo: Photo, *, enforce_detection: bool = True, align: bool = True
    ) -> Extraction:
        """Embeds the largest face of a photo.

        Args:
            photo: the photo.
            enforce_detection: refuse a photo that does not show exactly one face. If you switch
                this off, look at `face_count`: without a face, the vector is of the whole photo.
            align: align the face by its landmarks; otherwise embed its box.
        """
        body = {
            **_describe(photo),
            "enforce_detection": enforce_detection,
            "align": align,
            # Exact, and a third of the size of numbers as text.
            "embedding_format": "base64",
        }
        return read_result(read_extraction, self._post("extract-embedding", body))

    def extract_embeddings(
        self,
        photos: Sequence[Photo],
        *,
        align: bool = True,
        max_faces: int | None = None,
        min_face_px: int = 0,
        min_confidence: float = 0.0,
    ) -> PhotosFaces:
        """Embeds all faces of up to 16 photos.

        Args:
            photos: the photos.
            align: align the faces by their landmarks; otherwise embed their boxes.
            max_faces: of each photo, the largest; the service's limit when None.
            min_face_px: leave out faces whose box has a shorter side below this.
            min_confidence: leave out faces that the detector scores lower.
        """
        body: dict[str, object] = {
            "images": [_describe(photo) for photo in photos],
            "align": align,
            "min_face_px": min_face_px,
            "min_confidence": min_confidence,
            "embedding_format": "base64",
        }
        if max_faces is not None:
            body["max_faces"] = max_faces
        read = partial(read_photos_faces, photos=len(photos))
        return read_result(read, self._post("extract-embeddings", body))

    def match_faces(
        self,
        person: Embedding,
        photos: Sequence[Photo],
        *,
        threshold: float | None = None,
        metric: Metric = "cosine",
        align: bool = True,
        min_face_px: int = 0,
    ) -> Matches:
        """Looks for a person in up to 20 photos.

        Args:
            person: the person's embedding. Its model is checked by the service.
            photos: the photos.
            threshold: distances below it mean the same person; the metric's default when None.
            metric: how to measure the distance.
            align: align the faces by their landmarks; otherwise embed their boxes.
            min_face_px: leave out faces whose box has a shorter side below this.
        """
        body: dict[str, object] = {
            "embedding": person.vector,
            "images": [_describe(photo) for photo in photos],
            "threshold": threshold,
            "distance_metric": metric,
            "align": align,
            "min_face_px": min_face_px,
            "model": person.model,
        }
        read = partial(read_matches, photos=len(photos))
        return read_result(read, self._post("match-faces", body))

    def compare(
        self,
        first: Embedding,
        second: Embedding,
        *,
        threshold: float | None = None,
        metric: Metric = "cosine",
    ) -> Comparison:
        """Compares two embeddings. Their models are checked by the service.

        Args:
            first: an embedding.
            second: another.
            threshold: distances below it mean the same person; the metric's default when None.
            metric: how to measure the distance.
        """
        body: dict[str, object] = {
            "embedding1": first.vector,
            "embedding2": second.vector,
            "threshold": threshold,
            "distance_metric": metric,
            "model1": first.model,
            "model2": second.model,
        }
        return read_result(read_comparison, self._post("compare-faces", body))

    def health(self) -> Health:
        """Checks that the service is ready."""
        return read_result(read_health, self._call("GET", "health", None))

    def model_info(self) -> ModelInfo:
        """Describes the service's model and limits."""
        return read_result(read_model_info, self._call("GET", "model-info", None))

    def _post(self, path: str, body: dict[str, object]) -> Answer:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: dict[str, object] | None) -> Answer:
        return self._loop.run(self._exchange.call(method, f"{API_PREFIX}/{path}", body))


def _check_base_url(base_url: str) -> None:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"the service's URL is not valid: {error}") from None
    if url.scheme not in SCHEMES or not url.host:
        raise ValueError("the service's URL must begin with http:// or https:// and name a host")


def _describe(photo: Photo) -> dict[str, object]:
    if isinstance(photo, str):
        # Not taken for a path: a text from elsewhere could then name any file.
        if urlsplit(photo).scheme.lower() not in SCHEMES:
            raise ValueError("a photo that is a text must be an http or https URL; else use Path")
        return {"image": photo, "image_type": "url"}
    content = photo if isinstance(photo, bytes) else Path(photo).read_bytes()
    return {"image": base64.b64encode(content).decode("ascii")}
