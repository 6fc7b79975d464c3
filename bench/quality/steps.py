"""Degrades photos step by step, and measures the distances after each step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from bench.pairs import Pair
from face_contract.distance import DEFAULT_THRESHOLDS, DistanceMetric, compare
from face_engine.extractor import Extractor
from face_engine.faces import Embedding, Photo, RGBImage
from face_engine.quality import Quality, measure_quality

THRESHOLD = DEFAULT_THRESHOLDS[DistanceMetric.COSINE]

Degrade: TypeAlias = Callable[[RGBImage, int], RGBImage | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest face of a photo."""

    embedding: Embedding
    quality: Quality


@dataclass(frozen=True, slots=True)
class Step:
    """How well the pairs are told apart after one step; distances are cosine distances.

    Attributes:
        label: what was done.
        photos: how many photos could be degraded this far.
        found: in how many of them a face was found.
        face_px: median over the faces found.
        sharpness: median over the faces found.
        same: distances of one person's pairs.
        different: distances of two people's pairs.
    """

    label: str
    photos: int
    found: int
    face_px: float
    sharpness: float
    same: list[float]
    different: list[float]

    @property
    def separates(self) -> bool:
        """Whether every photo shows a face, and each pair is on its side of the threshold."""
        return self.found == self.photos and max(self.same) < THRESHOLD <= min(self.different)


def see(extractor: Extractor, photo: Photo) -> Seen | None:
    """Embeds and measures the largest face of a photo; returns None if it shows none."""
    found = extractor.find(photo, align=True)
    if not found.faces:
        return None
    face = max(found.faces, key=lambda face: face.area)
    (embedding,) = extractor.embed(found, [face])
    return Seen(embedding, measure_quality(photo, face))


def shrink_to(target_px: int) -> Degrade:
    """Returns a function that shrinks a photo until its face has this size.

    It returns None if the face is smaller.
    """

    def shrink(rgb: RGBImage, face_px: int) -> RGBImage | None:
        scale = target_px / face_px
        if scale > 1:
            return None
        size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
        return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)

    return shrink


def blur_by(share: float) -> Degrade:
    """Returns a function that blurs a photo by a share of its face's size."""

    def blur(rgb: RGBImage, face_px: int) -> RGBImage:
        if not share:
            return rgb
        return np.asarray(cv2.GaussianBlur(rgb, (0, 0), face_px * share), np.uint8)

    return blur


def measure_step(
    label: str,
    degrade: Degrade,
    *,
    photos: dict[Path, Photo],
    originals: dict[Path, Seen],
    pairs: Sequence[Pair],
    extractor: Extractor,
) -> Step | None:
    """Degrades each photo and compares it with the other one of its pairs.

    Returns None if no photo could be degraded, or if no pair of each kind is left.
    """
    degraded: dict[Path, Seen | None] = {}
    for file, photo in photos.items():
        rgb = degrade(photo.rgb, originals[file].quality.face_px)
        if rgb is not None:
            degraded[file] = see(extractor, Photo(rgb, rgb.shape[1], rgb.shape[0]))
    distances: dict[bool, list[float]] = {True: [], False: []}
    for pair in pairs:
        for file, other in ((pair.image1, pair.image2), (pair.image2, pair.image1)):
            seen = degraded.get(file)
            if seen is not None:
                vectors = seen.embedding.tolist(), originals[other].embedding.tolist()
                distance = compare(*vectors, DistanceMetric.COSINE).distance
                distances[pair.same].append(distance)
    found = [seen.quality for seen in degraded.values() if seen is not None]
    if not (distances[True] and distances[False]):
        return None
    return Step(
        label,
        len(degraded),
        len(found),
        float(np.median([quality.face_px for quality in found])),
        float(np.median([quality.sharpness for quality in found])),
        distances[True],
        distances[False],
    )
