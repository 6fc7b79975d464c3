"""The way from a photo to the embedding of its most prominent face."""

from dataclasses import dataclass

from face_contract.errors import MultipleFacesDetected, NoFaceDetected
from face_engine.alignment import align_face, crop_face, fit_crop
from face_engine.damage import check_soundness, keep_sound_faces
from face_engine.faces import Detector, Embedder, Extraction, ExtractionOptions, Photo


@dataclass(frozen=True, slots=True)
class LandmarkExtractor:
    """Detects, aligns by landmarks and embeds.

    Args:
        detector: finds the faces.
        embedder: embeds one.
        weights_identity: names the weights.
        detector_name: names the detector; a face may know that another has found it.
    """

    detector: Detector
    embedder: Embedder
    weights_identity: str
    detector_name: str

    @property
    def identity(self) -> str:
        """Weights and preprocessing of an aligned face's embedding."""
        return f"{self.weights_identity}/{self.detector_name}/similarity"

    def extract(self, photo: Photo, options: ExtractionOptions) -> Extraction:
        """Finds the most prominent face of a photo, the one with the largest box, and embeds it.

        Raises:
            NoFaceDetected, MultipleFacesDetected: as `options.enforce_detection` asks; the former
                also when the photo is damaged and no face is wholly in its sound part.
            ModelFailed: the network gave no valid vector.
            TimedOut: `options.deadline` has passed.
        """
        check_soundness(photo)
        faces = keep_sound_faces(self.detector.detect(photo.rgb), photo)
        options.deadline.check()
        if options.enforce_detection and not faces:
            raise NoFaceDetected
        if options.enforce_detection and len(faces) > 1:
            raise MultipleFacesDetected(len(faces))
        if not faces:
            whole = fit_crop(photo.rgb) if options.embed_without_face else None
            return Extraction(
                embedding=None if whole is None else self.embedder.embed(whole),
                face_count=0,
                confidence=0.0,
                area=photo.whole,
                model=f"{self.weights_identity}/{self.detector_name}/box",
            )
        face = max(faces, key=lambda face: face.area)
        crop, alignment = (align_face, "similarity") if options.align else (crop_face, "box")
        return Extraction(
            embedding=self.embedder.embed(crop(photo.rgb, face)),
            face_count=len(faces),
            confidence=face.score,
            area=photo.box_of(face),
            model=f"{self.weights_identity}/{face.detector}/{alignment}",
            warnings=photo.warnings,
        )
