"""Embeds image files as the service does, and measures the distances of pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from bench.pairs import Pair
from bench.verification import Distances
from face_contract.distance import DistanceMetric, compare
from face_contract.errors import (
    ErrorCode,
    InvalidImage,
    ModelFailed,
    NoFaceDetected,
    PayloadTooLarge,
)
from face_engine.faces import Embedding, Extraction, ExtractionOptions, Photo
from face_engine.photo import decode_image
from face_service.settings import Settings


class PhotoExtractor(Protocol):
    """The part of a model that is evaluated."""

    def extract(self, photo: Photo, options: ExtractionOptions) -> Extraction:
        """Embeds the most prominent face of a photo."""
        ...


# As the service's main client uses it, except that a photo without a face is not embedded.
OPTIONS = ExtractionOptions(enforce_detection=False, align=True, embed_without_face=False)


@dataclass(frozen=True, slots=True)
class EmbeddedImages:
    """Embeddings by file, error codes of files without one, and files with several faces."""

    embeddings: dict[Path, Embedding] = field(default_factory=dict)
    excluded: dict[Path, ErrorCode] = field(default_factory=dict)
    several_faces: list[Path] = field(default_factory=list)


def embed_images(
    files: Iterable[Path], extractor: PhotoExtractor, settings: Settings
) -> EmbeddedImages:
    """Decodes and embeds each file once, within the service's limits.

    If a photo shows several faces, the largest is embedded, as in the service.
    """
    images = EmbeddedImages()
    for file in tqdm(list(dict.fromkeys(files)), desc="images", unit="image", disable=None):
        if file.stat().st_size > settings.max_image_bytes:
            images.excluded[file] = PayloadTooLarge.code
            continue
        try:
            photo = decode_image(file.read_bytes(), settings.max_image_pixels)
            extraction = extractor.extract(photo, OPTIONS)
        except (InvalidImage, NoFaceDetected, ModelFailed) as error:
            images.excluded[file] = error.code
            continue
        if extraction.embedding is None:
            images.excluded[file] = NoFaceDetected.code
            continue
        images.embeddings[file] = extraction.embedding
        if extraction.face_count > 1:
            images.several_faces.append(file)
    return images


def measure_distances(
    pairs: list[Pair], embeddings: dict[Path, Embedding]
) -> dict[DistanceMetric, Distances]:
    """Returns the distances of the pairs, (n,) for each metric, computed as in the service."""
    distances = {metric: np.empty(len(pairs)) for metric in DistanceMetric}
    for index, pair in enumerate(tqdm(pairs, desc="pairs", unit="pair", disable=None)):
        a, b = embeddings[pair.image1].tolist(), embeddings[pair.image2].tolist()
        for metric, values in distances.items():
            values[index] = compare(a, b, metric).distance
    return distances
