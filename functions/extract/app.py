"""Routes of the extract function."""

from fastapi import APIRouter, FastAPI

from face_contract.errors import (
    DownloadFailed,
    InvalidEmbedding,
    InvalidImage,
    InvalidRequest,
    ModelFailed,
    ModelMismatch,
    ModelUnavailable,
    MultipleFacesDetected,
    NoFaceDetected,
    Overloaded,
    PayloadTooLarge,
)
from face_contract.scan_schemas import (
    ExtractManyRequest,
    ExtractManyResponse,
    MatchRequest,
    MatchResponse,
)
from face_contract.schemas import (
    ExtractRequest,
    ExtractResponse,
    HealthResponse,
    ModelInfoResponse,
    WarmUpResponse,
)
from face_engine.model.loader import ModelLoader
from face_service.admission import CurrentAdmission, bounded_router
from face_service.app import create_app
from face_service.openapi import document_responses
from face_service.settings import Settings
from functions.extract.service import ExtractionService


def build_router(loader: ModelLoader, settings: Settings) -> APIRouter:
    """Builds the routes of the extract function.

    Args:
        loader: loads the model.
        settings: limits and policies.
    """
    service = ExtractionService(loader, settings)
    router = APIRouter()
    bounded = bounded_router(service.queue, settings.request_budget_s)

    @router.get(
        "/health",
        tags=["service"],
        summary="Check the service",
        responses=document_responses(HealthResponse, ModelUnavailable),
    )
    async def health() -> HealthResponse:
        # Not bounded, so it answers even when the queue is full.
        return await service.check_health()

    @bounded.post(
        "/extract-embedding",
        tags=["faces"],
        summary="Extract a face embedding",
        responses=document_responses(
            ExtractResponse,
            NoFaceDetected,
            MultipleFacesDetected,
            InvalidImage,
            DownloadFailed,
            PayloadTooLarge,
            InvalidRequest,
            ModelFailed,
            ModelUnavailable,
            Overloaded,
        ),
    )
    async def extract_embedding(
        request: ExtractRequest, admission: CurrentAdmission
    ) -> ExtractResponse:
        return await service.extract(request, admission)

    @bounded.post(
        "/extract-embeddings",
        tags=["faces"],
        summary="Extract the embeddings of all faces of several photos",
        responses=document_responses(
            ExtractManyResponse,
            PayloadTooLarge,
            InvalidRequest,
            ModelUnavailable,
            Overloaded,
        ),
    )
    async def extract_embeddings(
        request: ExtractManyRequest, admission: CurrentAdmission
    ) -> ExtractManyResponse:
        return await service.extract_many(request, admission)

    @bounded.post(
        "/match-faces",
        tags=["faces"],
        summary="Find a person in several photos",
        responses=document_responses(
            MatchResponse,
            InvalidEmbedding,
            ModelMismatch,
            PayloadTooLarge,
            InvalidRequest,
            ModelUnavailable,
            Overloaded,
        ),
    )
    async def match_faces(request: MatchRequest, admission: CurrentAdmission) -> MatchResponse:
        return await service.match(request, admission)

    @bounded.post(
        "/warm-up",
        tags=["service"],
        summary="Load the model",
        responses=document_responses(WarmUpResponse, ModelUnavailable, Overloaded),
    )
    async def warm_up(admission: CurrentAdmission) -> WarmUpResponse:
        return await service.load_model(admission)

    @router.get(
        "/model-info",
        tags=["service"],
        summary="Describe the model and the limits",
        responses=document_responses(ModelInfoResponse),
    )
    async def model_info() -> ModelInfoResponse:
        return service.describe_model()

    router.include_router(bounded)
    return router


def create(loader: ModelLoader, settings: Settings) -> FastAPI:
    """Builds the app of the extract function."""
    return create_app(
        "Face extraction",
        [build_router(loader, settings)],
        settings,
        docs=settings.enable_docs,
    )
