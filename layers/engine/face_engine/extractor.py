"""From a photo to face embeddings: locate, choose, crop, embed."""

from collections.abc import Sequence
from dataclasses import dataclass

from face_contract.errors import MultipleFacesDetected, NoFaceDetected
from face_engine.damage import check_soundness, keep_sound_faces
from face_engine.faces import Embedder, Embedding, Extraction, ExtractionOptions, Face, Photo
from face_engine.roles import FaceCropper, FaceLocator
from face_engine.views import Views


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """The faces of a photo, best score first, and the copies of it that finding them made."""

    photo: Photo
    views: Views
    faces: list[Face]
    align: bool


@dataclass(frozen=True, slots=True)
class Extractor:
    """The one way of a photo; what differs between models is injected. Threads may share it.

    Args:
        locator: finds the faces.
        cropper: cuts a face out as the embedder needs it.
        embedder: embeds what the cropper cuts out.
        weights_identity: names the weights.
        detector: names the detector; a face may know that another one has found it.
    """

    locator: FaceLocator
    cropper: FaceCropper
    embedder: Embedder
    weights_identity: str
    detector: str

    @property
    def identity(self) -> str:
        """The `model` of an aligned face's embedding: weights, detector and alignment."""
        return self._name(self.detector, align=True)

    def find(self, photo: Photo, *, align: bool) -> FoundFaces:
        """Finds the faces of a photo that may be embedded.

        Args:
            photo: the photo.
            align: whether the faces will be aligned: DeepFace detects differently then.

        Raises:
            NoFaceDetected: the photo is damaged, and no face lies wholly in its sound part.
        """
        check_soundness(photo)
        views = Views(photo.rgb)
        faces = keep_sound_faces(self.locator.locate(views, align=align), photo)
        return FoundFaces(photo, views, faces, align)

    def embed(self, found: FoundFaces, faces: Sequence[Face]) -> list[Embedding]:
        """Embeds some of the faces that were found.

        Raises:
            ModelFailed: the network gave no valid vector.
        """
        return [
            self.embedder.embed(self.cropper.crop(found.views, face, align=found.align))
            for face in faces
        ]

    def extract(self, photo: Photo, options: ExtractionOptions) -> Extraction:
        """Embeds the most prominent face of a photo: the one with the largest box.

        Raises:
            NoFaceDetected, MultipleFacesDetected: as `options.enforce_detection` asks; the former
                also when the photo is damaged and no face is wholly in its sound part.
            ModelFailed: the network gave no valid vector.
            TimedOut: `options.deadline` has passed.
        """
        found = self.find(photo, align=options.align)
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
        """Names what made a face's embedding: weights, the detector that found it, alignment."""
        return self._name(face.detector or self.detector, align=align)

    def _extract_whole(self, found: FoundFaces, options: ExtractionOptions) -> Extraction:
        embedding = None
        if options.embed_without_face:
            embedding = self.embedder.embed(self.cropper.crop_whole(found.views))
        return Extraction(
            embedding=embedding,
            face_count=0,
            confidence=0.0,
            area=found.photo.whole,
            model=self._name(self.detector, align=False),
        )

    def _name(self, detector: str, *, align: bool) -> str:
        alignment = self.cropper.aligned if align else self.cropper.unaligned
        return f"{self.weights_identity}/{detector}/{alignment}"
