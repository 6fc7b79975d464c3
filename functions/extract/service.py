"""Extraction, health and model information, as the routes need them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict

from face_contract.distance import DEFAULT_THRESHOLDS
from face_contract.identity import check_comparable
from face_contract.scan_schemas import (
    ExtractManyRequest,
    ExtractManyResponse,
    Match,
    MatchRequest,
    MatchResponse,
    PhotoFaces,
)
from face_contract.schemas import (
    ErrorBody,
    ExtractRequest,
    ExtractResponse,
    FacialArea,
    HealthResponse,
    InferenceEngine,
    InputSize,
    Limits,
    ModelInfoResponse,
    WarmUpResponse,
    WeightsFile,
)
from face_contract.stages import Stage
from face_engine.alignment import CROP_SIZE_PX
from face_engine.extractor import Extractor
from face_engine.faces import Extraction, ExtractionOptions
from face_engine.model.catalog import source_of
from face_engine.model.loader import LoadedModel, ModelLoader
from face_engine.photo.limits import MAX_WEBP_PIXELS
from face_engine.processors import count_processors
from face_service.admission import Admission, WorkQueue
from face_service.settings import Settings
from functions.extract.embeddings import write
from functions.extract.many_photos import FaceSearch, PersonSearch, limit_answer, read_person
from functions.extract.photo_source import PhotoSource
from functions.extract.scan import Scanner


def milliseconds_since(start_s: float) -> float:
    """Returns the milliseconds since a reading of `time.perf_counter`."""
    return (time.perf_counter() - start_s) * 1000


def _count_errors(results: Sequence[PhotoFaces | Match], admission: Admission) -> None:
    admission.photo_errors.update(result.error.code for result in results if result.error)


class ExtractionService:
    """Turns photos into embeddings, a bounded number of photos at a time.

    Args:
        loader: loads the model.
        settings: limits and policies.
    """

    def __init__(self, loader: ModelLoader, settings: Settings) -> None:
        self._loader = loader
        self._settings = settings
        # One photo per CPU at a time: decoding one takes up to 570 MB.
        self.queue = WorkQueue(count_processors(), settings.max_waiting)
        self._source = PhotoSource(settings)
        self._scanner = Scanner(self._source, settings.request_budget_s)

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
        downloaded = await self._source.download(request, admission)
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
            processing_time_ms=milliseconds_since(start),
            model=extraction.model,
            warnings=list(extraction.warnings),
        )

    async def extract_many(
        self, request: ExtractManyRequest, admission: Admission
    ) -> ExtractManyResponse:
        """Embeds the faces of several photos.

        Raises:
            ModelUnavailable: the model's files are missing or broken.
            TimedOut: no time is left for any photo.
        """
        admission.stages.end(Stage.PARSE)
        start = time.perf_counter()
        extractor = (await self._load(admission)).extractor
        search = FaceSearch(request, extractor, admission.stages)
        results = await self._scanner.scan(request.images, admission, search.look)
        admission.stages.begin(Stage.SERIALISE)
        limited = limit_answer(results, self._settings.max_answer_bytes)
        _count_errors(limited, admission)
        return ExtractManyResponse(
            results=limited,
            model=extractor.identity_for(align=request.align),
            processing_time_ms=milliseconds_since(start),
        )

    async def match(self, request: MatchRequest, admission: Admission) -> MatchResponse:
        """Finds the face nearest to a person in each of several photos.

        Raises:
            InvalidEmbedding: the person's embedding cannot be compared.
            ModelMismatch: it cannot be compared with those of this model.
            ModelUnavailable: the model's files are missing or broken.
            TimedOut: no time is left for any photo.
        """
        admission.stages.end(Stage.PARSE)
        start = time.perf_counter()
        person = read_person(request)
        extractor = (await self._load(admission)).extractor
        model = extractor.identity_for(align=request.align)
        if request.model is not None:
            check_comparable(request.model, model)
        search = PersonSearch(request, person, extractor, admission.stages)
        results = await self._scanner.scan(request.images, admission, search.look)
        admission.stages.begin(Stage.SERIALISE)
        matches = [Match(error=r) if isinstance(r, ErrorBody) else r for r in results]
        _count_errors(matches, admission)
        return MatchResponse(
            matches=matches,
            threshold_used=request.threshold or DEFAULT_THRESHOLDS[request.distance_metric],
            distance_metric=request.distance_metric,
            model=model,
            processing_time_ms=milliseconds_since(start),
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
                max_answer_bytes=settings.max_answer_bytes,
                max_webp_pixels=min(settings.max_image_pixels, MAX_WEBP_PIXELS),
            ),
            model_loaded=self._loader.is_loaded,
            retinaface_margin_px=loaded.retinaface_margin_px if loaded else None,
        )

    async def _load(self, admission: Admission) -> LoadedModel:
        if self._loader.loaded is None:
            return await admission.run(self._loader.load)
        return self._loader.loaded

    def _extract(
        self,
        request: ExtractRequest,
        downloaded: bytes | None,
        extractor: Extractor,
        admission: Admission,
    ) -> Extraction:
        photo = self._source.decode(request, downloaded, admission.deadline, admission.stages)
        options = ExtractionOptions(
            enforce_detection=request.enforce_detection,
            align=request.align,
            embed_without_face=self._settings.embed_without_face,
            deadline=admission.deadline,
            stages=admission.stages,
        )
        return extractor.extract(photo, options)
