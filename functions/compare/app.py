"""The route that compares two embeddings. It needs no model and no vision library."""

from dataclasses import asdict

from fastapi import APIRouter, FastAPI

from face_contract.app import create_app
from face_contract.distance import compare
from face_contract.errors import InvalidEmbedding, InvalidRequest, PayloadTooLarge
from face_contract.openapi import document_responses
from face_contract.schemas import CompareRequest, CompareResponse
from face_contract.settings import Settings


def build_router() -> APIRouter:
    """Builds the route of the compare function."""
    router = APIRouter()

    @router.post(
        "/compare-faces",
        tags=["faces"],
        summary="Do two embeddings show the same person?",
        responses=document_responses(
            CompareResponse, InvalidEmbedding, PayloadTooLarge, InvalidRequest
        ),
    )
    def compare_faces(request: CompareRequest) -> CompareResponse:
        comparison = compare(
            request.embedding1, request.embedding2, request.distance_metric, request.threshold
        )
        return CompareResponse(**asdict(comparison))

    return router


def create(settings: Settings) -> FastAPI:
    """Builds the app of the compare function."""
    return create_app("Face comparison", [build_router()], settings, docs=settings.enable_docs)
