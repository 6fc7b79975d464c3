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
        """Answers 200 if the model is loaded or can be loaded, and 503 if its files are missing or
        broken. It never waits in the queue and never needs an API key.
        """
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
        """Finds the faces of a photo and embeds the largest.

        With `enforce_detection`, a photo must show exactly one face. Without it, the largest of
        several faces is embedded, and a photo without a face has `face_count` 0 and the embedding
        of the whole photo, or null if the service is set so.

        If a JPEG, PNG or WebP is damaged, only faces before the damage count, and `warnings` says
        `TRUNCATED_IMAGE`.
        """
        return await service.extract(request, admission)

    @bounded.post(
        "/extract-embeddings",
        tags=["faces"],
        summary="Extract all faces of several photos",
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
        """Embeds every face of up to 16 photos, with landmarks and quality.

        There is one result for each photo, in the order sent. A photo that cannot be used has an
        `error` in its result and spoils no other. A photo without a face is no error.
        """
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
        """Compares a person's embedding with the faces of up to 20 photos, and answers with the
        nearest face of each photo. The embedding in the example is nobody's.

        There is one match for each photo, in the order sent. Without a face, `is_same_person` is
        false and the numbers are null. A photo that cannot be used has an `error` in its match and
        spoils no other.
        """
        return await service.match(request, admission)

    @bounded.post(
        "/warm-up",
        tags=["service"],
        summary="Load the model",
        responses=document_responses(WarmUpResponse, ModelUnavailable, Overloaded),
    )
    async def warm_up(admission: CurrentAdmission) -> WarmUpResponse:
        """Loads the model unless it is loaded, so that the first photo need not wait for it."""
        return await service.load_model(admission)

    @router.get(
        "/model-info",
        tags=["service"],
        summary="Describe the model and the limits",
        responses=document_responses(ModelInfoResponse),
    )
    async def model_info() -> ModelInfoResponse:
        """Returns the model's identity, weights and engines, the metrics with their default
        thresholds, and the limits in force.
        """
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
