"""Extraction, health and model information, as the routes need them."""

import asyncio
import os
import time
from dataclasses import asdict

from face_contract.distance import DEFAULT_THRESHOLDS
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
from face_contract.stages import Stage
from face_engine.alignment import CROP_SIZE_PX
from face_engine.download.downloader import Downloader
from face_engine.extractor import Extractor
from face_engine.faces import Extraction, ExtractionOptions
from face_engine.memory import configure_malloc
from face_engine.model.catalog import source_of
from face_engine.model.loader import LoadedModel, ModelLoader
from face_engine.photo import decode_base64, decode_image
from face_engine.photo.limits import MAX_WEBP_PIXELS
from face_service.admission import Admission, WorkQueue
from face_service.settings import Settings
from functions.extract.embeddings import write

# They wait for the network, not for a CPU.
DOWNLOAD_THREADS = 16


class ExtractionService:
    """Turns photos into embeddings, a bounded number of photos at a time.

    Args:
        loader: loads the model.
        settings: limits and policies.
    """

    def __init__(self, loader: ModelLoader, settings: Settings) -> None:
        configure_malloc()
        self._loader = loader
        self._settings = settings
        # One photo per CPU at a time: decoding one takes up to 570 MB.
        self.queue = WorkQueue(os.cpu_count() or 1, settings.max_waiting)
        # Slow downloads may take half of the slots, so that photos in bodies can still be served.
        self._downloads = WorkQueue(DOWNLOAD_THREADS, settings.max_waiting // 2)
        self._downloader = Downloader(
            allowed_hosts=frozenset(settings.download_allowed_hosts),
            timeout_s=settings.download_timeout_s,
            max_bytes=settings.max_image_bytes,
        )

    async def check_health(self) -> HealthResponse:
        """Checks that the model is loaded, or can be loaded.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        if not self._loader.is_loaded:
            # Reads and hashes up to 256 MB.
            await asyncio.to_thread(self._loader.check)
        return HealthResponse(
            model=self._loader.choice.entry.name, model_loaded=self._loader.is_loaded
        )

    async def load_model(self, admission: Admission) -> WarmUpResponse:
        """Loads the model unless it is loaded.

        Raises:
            ModelUnavailable: its files are missing or broken.
        """
        status = "already_loaded" if self._loader.is_loaded else "loaded"
        loaded = await self._load(admission)
        return WarmUpResponse(
            status=status,
            model=self._loader.choice.entry.name,
            load_time_seconds=loaded.load_time_s,
        )

    async def extract(self, request: ExtractRequest, admission: Admission) -> ExtractResponse:
        """Embeds the most prominent face of a photo.

        Raises:
            ServiceError: any of those that the route documents.
        """
        admission.stages.end(Stage.PARSE)
        start = time.perf_counter()
        extractor = (await self._load(admission)).extractor
        downloaded = None
        if request.image_type is ImageType.URL:
            downloaded = await self._download(request.image, admission)
        extraction = await admission.run(
            lambda: self._extract(request, downloaded, extractor, admission)
        )
        admission.stages.begin(Stage.SERIALISE)
        vector = extraction.embedding
        return ExtractResponse(
            embedding=None if vector is None else write(vector, request.embedding_format),
            face_count=extraction.face_count,
            face_confidence=extraction.confidence,
            facial_area=FacialArea(**asdict(extraction.area)),
            processing_time_ms=(time.perf_counter() - start) * 1000,
            model=extraction.model,
            warnings=list(extraction.warnings),
        )

    def describe_model(self) -> ModelInfoResponse:
        """Returns the model's properties and the limits in force."""
        choice, settings, loaded = self._loader.choice, self._settings, self._loader.loaded
        return ModelInfoResponse(
            model=choice.entry.name,
            model_identity=choice.identity,
            detector=choice.detector,
            alignment=choice.alignment,
            input_size=InputSize(width=CROP_SIZE_PX, height=CROP_SIZE_PX),
            distance_metrics=DEFAULT_THRESHOLDS,
            weights=[
                WeightsFile(
                    file=source.file,
                    sha256=source.sha256,
                    baked_sha256=self._loader.baked_sha256.get(source.file),
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
            model_loaded=self._loader.is_loaded,
            retinaface_margin_px=loaded.retinaface_margin_px if loaded else None,
        )

    async def _load(self, admission: Admission) -> LoadedModel:
        if self._loader.loaded is None:
            return await admission.run(self._loader.load)
        return self._loader.loaded

    async def _download(self, url: str, admission: Admission) -> bytes:
        # This body held only a URL, so the next one may be read during the download.
        admission.release_body()
        with self._downloads.enter() as slot, admission.stages.measure(Stage.DOWNLOAD):
            return await slot.run(lambda: self._downloader.download(url, admission.deadline))

    def _extract(
        self,
        request: ExtractRequest,
        downloaded: bytes | None,
        extractor: Extractor,
        admission: Admission,
    ) -> Extraction:
        admission.deadline.check()
        data = downloaded
        if data is None:
            with admission.stages.measure(Stage.BASE64):
                data = decode_base64(request.image, self._settings.max_image_bytes)
        with admission.stages.measure(Stage.DECODE):
            photo = decode_image(data, self._settings.max_image_pixels)
        admission.deadline.check()
        options = ExtractionOptions(
            enforce_detection=request.enforce_detection,
            align=request.align,
            embed_without_face=self._settings.embed_without_face,
            deadline=admission.deadline,
            stages=admission.stages,
        )
        return extractor.extract(photo, options)
