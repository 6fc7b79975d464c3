"""Route of the compare function, which needs no model and no vision library."""

from dataclasses import asdict

from fastapi import APIRouter, FastAPI

from face_contract.distance import compare
from face_contract.errors import (
    InvalidEmbedding,
    InvalidRequest,
    ModelMismatch,
    Overloaded,
    PayloadTooLarge,
)
from face_contract.identity import check_comparable
from face_contract.schemas import CompareRequest, CompareResponse
from face_service.admission import WorkQueue, bounded_router
from face_service.app import create_app
from face_service.openapi import document_responses
from face_service.settings import Settings


def build_router(settings: Settings) -> APIRouter:
    """Builds the route of the compare function."""
    # Only bounds the bodies: a comparison takes less time than a switch to another thread.
    queue = WorkQueue(1, settings.max_waiting)
    router = bounded_router(queue, settings.request_budget_s)

    @router.post(
        "/compare-faces",
        tags=["faces"],
        summary="Compare two face embeddings",
        responses=document_responses(
            CompareResponse,
            InvalidEmbedding,
            ModelMismatch,
            PayloadTooLarge,
            InvalidRequest,
            Overloaded,
        ),
    )
    async def compare_faces(request: CompareRequest) -> CompareResponse:
        """Measures the distance between two embeddings: below the threshold, they show one person.

        Send the `model` that came with each embedding, too: embeddings of models that cannot be
        compared are then refused with 409. This needs no model and no photo, and is fast.
        """
        if request.model1 is not None and request.model2 is not None:
            check_comparable(request.model1, request.model2)
        comparison = compare(
            request.embedding1, request.embedding2, request.distance_metric, request.threshold
        )
        return CompareResponse(**asdict(comparison))

    return router


def create(settings: Settings) -> FastAPI:
    """Builds the app of the compare function."""
    return create_app(
        "Face comparison", [build_router(settings)], settings, docs=settings.enable_docs
    )
