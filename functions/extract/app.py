"""The routes that turn photos into embeddings."""

import asyncio
import os
import time
from dataclasses import asdict

from fastapi import APIRouter, FastAPI

from face_contract.deadline import Deadline
from face_contract.distance import DEFAULT_THRESHOLDS
from face_contract.errors import (
    DownloadFailed,
    InvalidImage,
    InvalidRequest,
    ModelFailed,
    ModelUnavailable,
    MultipleFacesDetected,
    NoFaceDetected,
    Overloaded,
    PayloadTooLarge,
)
from face_contract.schemas import (
    ExtractRequest,
    ExtractResponse,
    FacialArea,
    HealthResponse,
    ImageType,
    InferenceEngine,
    InputSize,
    Limits,
    ModelInfoResponse,
    WarmUpResponse,
    WeightsFile,
)
from face_engine.alignment import CROP_SIZE_PX
from face_engine.download.downloader import Downloader
from face_engine.faces import Extraction, ExtractionOptions
from face_engine.memory import give_large_blocks_back
from face_engine.model.catalog import source_of
from face_engine.model.loader import LoadedModel, ModelLoader
from face_engine.photo import decode_base64, decode_image
from face_engine.photo.limits import MAX_WEBP_PIXELS

# They wait for others, not for a processor.
DOWNLOAD_THREADS = 16


def build_router(loader: ModelLoader, settings: Settings) -> APIRouter:
    """Builds the routes of the extract function.

    Args:
        loader: gives the model.
        settings: limits and policies.
    """
    give_large_blocks_back()
    # A photo takes up to 570 MB while it is decoded: as many as there are processors.
    work = WorkQueue(os.cpu_count() or 1, settings.max_waiting)
    # Slow downloads take at most half of the places: photos that came along are worked on.
    downloads = WorkQueue(DOWNLOAD_THREADS, settings.max_waiting // 2)
    router = APIRouter()
    bounded = bounded_router(work, settings.request_budget_s)
    choice = loader.choice
    model = choice.entry.name
    downloader = Downloader(
        allowed_hosts=frozenset(settings.download_allowed_hosts),
        timeout_s=settings.download_timeout_s,
        max_bytes=settings.max_image_bytes,
    )

    @router.get(
        "/health",
        tags=["service"],
        summary="Can the service answer?",
        responses=document_responses(HealthResponse, ModelUnavailable),
    )
    async def health() -> HealthResponse:
        # Without a place: it answers however many requests wait.
        if not loader.is_loaded:
            # Reads and hashes up to 256 MB.
            await asyncio.to_thread(loader.check)
        return HealthResponse(model=model, model_loaded=loader.is_loaded)

    async def load(turn: Turn) -> LoadedModel:
        return await turn.run(loader.load) if loader.loaded is None else loader.loaded

    @bounded.post(
        "/extract-embedding",
        tags=["faces"],
        summary="Embed the most prominent face of a photo",
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
    async def extract_embedding(request: ExtractRequest, turn: CurrentTurn) -> ExtractResponse:
        start = time.perf_counter()
        await load(turn)
        downloaded: bytes | None = None
        if request.image_type is ImageType.URL:
            turn.leave_body()
            with downloads.enter() as place:
                downloaded = await place.run(
                    lambda: downloader.download(request.image, turn.deadline)
                )
        extraction = await turn.run(lambda: extract(request, downloaded, turn.deadline))
        vector = extraction.embedding
        return ExtractResponse(
            embedding=None if vector is None else vector.tolist(),
            face_count=extraction.face_count,
            face_confidence=extraction.confidence,
            facial_area=FacialArea(**asdict(extraction.area)),
            processing_time_ms=(time.perf_counter() - start) * 1000,
            model=extraction.model,
            warnings=list(extraction.warnings),
        )

    def extract(
        request: ExtractRequest, downloaded: bytes | None, deadline: Deadline
    ) -> Extraction:
        deadline.check()
        if downloaded is None:
            data = decode_base64(request.image, settings.max_image_bytes)
        else:
            data = downloaded
        photo = decode_image(data, settings.max_image_pixels)
        deadline.check()
        options = ExtractionOptions(
            request.enforce_detection, request.align, settings.embed_without_face, deadline
        )
        return loader.load().extractor.extract(photo, options)

    @bounded.post(
        "/warm-up",
        tags=["service"],
        summary="Load the model",
        responses=document_responses(WarmUpResponse, ModelUnavailable, Overloaded),
    )
    async def warm_up(turn: CurrentTurn) -> WarmUpResponse:
        status = "already_loaded" if loader.is_loaded else "loaded"
        loaded = await load(turn)
        return WarmUpResponse(status=status, model=model, load_time_seconds=loaded.load_time_s)

    @router.get(
        "/model-info",
        tags=["service"],
        summary="What makes the vectors, and within which limits",
        responses=document_responses(ModelInfoResponse),
    )
    async def model_info() -> ModelInfoResponse:
        return ModelInfoResponse(
            model=model,
            model_identity=choice.identity,
            detector=choice.detector,
            alignment=choice.alignment,
            input_size=InputSize(width=CROP_SIZE_PX, height=CROP_SIZE_PX),
            distance_metrics=DEFAULT_THRESHOLDS,
            weights=[
                WeightsFile(
                    file=source.file,
                    sha256=source.sha256,
                    baked_sha256=loader.baked_sha256.get(source.file),
                )
                for source in map(source_of, choice.weights)
            ],
            inference_engines=[
                InferenceEngine(name=name, version=version)
                for name, version in choice.engine_versions.items()
            ],
            limits=Limits(
                max_body_bytes=settings.max_body_bytes,
                max_image_bytes=settings.max_image_bytes,
                max_base64_image_bytes=min(
                    settings.max_image_bytes, settings.max_body_bytes * 3 // 4
                ),
                max_image_pixels=settings.max_image_pixels,
                max_webp_pixels=min(settings.max_image_pixels, MAX_WEBP_PIXELS),
            ),
            model_loaded=loader.is_loaded,
        )

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
