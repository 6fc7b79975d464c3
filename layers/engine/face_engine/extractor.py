"""From a photo to face embeddings: locate, choose, crop, embed."""

from collections.abc import Sequence
from dataclasses import dataclass

from face_contract.deadline import NEVER, Deadline
from face_contract.errors import MultipleFacesDetected, NoFaceDetected
from face_contract.stages import Stage, StageTimes
from face_engine.damage import check_soundness, keep_sound_faces
from face_engine.faces import Embedder, Embedding, Extraction, ExtractionOptions, Face, Photo
from face_engine.roles import FaceCropper, FaceLocator
from face_engine.views import Views


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """The faces of a photo, best score first, and the copies of the photo made to find them.

    `stages` belongs to the request, and gets the times of alignment and embedding.
    """

    photo: Photo
    views: Views
    faces: list[Face]
    align: bool
    stages: StageTimes


@dataclass(frozen=True, slots=True)
class Extractor:
    """Extracts faces and embeddings from a photo. Thread-safe.

    The steps are the same for every model; what differs is injected.

    Args:
        locator: finds the faces.
        cropper: cuts out a face as the embedder needs it.
        embedder: embeds the crops.
        weights_identity: names the weights, as a part of the model identity.
        detector: names the detector. A face found by another detector names that one itself.
    """

    locator: FaceLocator
    cropper: FaceCropper
    embedder: Embedder
    weights_identity: str
    detector: str

    @property
    def identity(self) -> str:
        """The model identity of an aligned face's embedding: weights, detector and alignment."""
        return self.identity_for(align=True)

    def find(self, photo: Photo, *, align: bool, stages: StageTimes | None = None) -> FoundFaces:
        """Finds the faces of a photo that may be embedded.

        Args:
            photo: the photo.
            align: whether the faces will be aligned; DeepFace's detection depends on it.
            stages: gets the times of detection, and of alignment and embedding if any follow.

        Raises:
            NoFaceDetected: the photo is damaged and no face lies wholly in its sound part.
        """
        stages = StageTimes() if stages is None else stages
        with stages.measure(Stage.DETECT):
            check_soundness(photo)
            views = Views(photo.rgb)
            faces = keep_sound_faces(self.locator.locate(views, align=align), photo)
        return FoundFaces(photo, views, faces, align, stages)

    def embed(
        self, found: FoundFaces, faces: Sequence[Face], deadline: Deadline = NEVER
    ) -> list[Embedding]:
        """Embeds some of the faces found; returns one (512,) float32 vector for each.

        Raises:
            ModelFailed: the network's output is not a valid vector.
            TimedOut: `deadline` has passed, checked before each face.
        """
        embeddings = []
        for face in faces:
            deadline.check()
            with found.stages.measure(Stage.ALIGN):
                crop = self.cropper.crop(found.views, face, align=found.align)
            with found.stages.measure(Stage.EMBED):
                embeddings.append(self.embedder.embed(crop))
        return embeddings

    def extract(self, photo: Photo, options: ExtractionOptions) -> Extraction:
        """Embeds the face with the largest box.

        Raises:
            NoFaceDetected: there is no face and `options.enforce_detection` is set; or the photo is
                damaged and no face lies wholly in its sound part.
            MultipleFacesDetected: there are several faces and `options.enforce_detection` is set.
            ModelFailed: the network's output is not a valid vector.
            TimedOut: `options.deadline` has passed.
        """
        found = self.find(photo, align=options.align, stages=options.stages)
        options.deadline.check()
        if options.enforce_detection and not found.faces:
            raise NoFaceDetected
        if options.enforce_detection and len(found.faces) > 1:
            raise MultipleFacesDetected(len(found.faces))
        if not found.faces:
            return self._extract_whole(found, options)
        face = max(found.faces, key=lambda face: face.area)
        (embedding,) = self.embed(found, [face])
        return Extraction(
            embedding=embedding,
            face_count=len(found.faces),
            confidence=face.score,
            area=photo.box_of(face),
            model=self.model_of(face, align=options.align),
            warnings=photo.warnings,
        )

    def model_of(self, face: Face, *, align: bool) -> str:
        """Returns the model identity of a face's embedding: weights, its detector, alignment."""
        return self._name(face.detector or self.detector, align=align)

    def identity_for(self, *, align: bool) -> str:
        """Returns the model identity of an embedding of a face that its own detector found."""
        return self._name(self.detector, align=align)

    def _extract_whole(self, found: FoundFaces, options: ExtractionOptions) -> Extraction:
        embedding = None
        if options.embed_without_face:
            with found.stages.measure(Stage.ALIGN):
                crop = self.cropper.crop_whole(found.views)
            with found.stages.measure(Stage.EMBED):
                embedding = self.embedder.embed(crop)
        return Extraction(
            embedding=embedding,
            face_count=0,
            confidence=0.0,
            area=found.photo.whole,
            model=self.identity_for(align=False),
        )

    def _name(self, detector: str, *, align: bool) -> str:
        alignment = self.cropper.aligned if align else self.cropper.unaligned
        return f"{self.weights_identity}/{detector}/{alignment}"
