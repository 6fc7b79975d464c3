"""Measures whether RetinaFace on regions finds what it finds in whole photos, and certifies it."""

import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from face_engine.extractor import Extractor
from face_engine.faces import Embedding, Face, Photo, RGBImage
from face_engine.model.catalog import ModelEntry, sha256_of
from face_engine.model.certificate import MARGINS_PX, RegionCertificate
from face_engine.model.folder import ModelFolder
from face_engine.views import rotate

# As the service decodes large photos.
MAX_SIDE_PX = 2048


@dataclass(frozen=True, slots=True)
class Scene:
    """A photo to look at both ways.

    Attributes:
        photo: its pixels.
        align: whether DeepFace puts a black border around it, as it does before an alignment.
    """

    photo: Photo
    align: bool = True


@dataclass(slots=True)
class Differences:
    """The differences between both ways, over all scenes so far."""

    counts: int = 0
    equal_coordinates: int = 0
    coordinates: int = 0
    box_px: float = 0.0
    embedding: float = 0.0


def certify(
    entry: ModelEntry, folder: ModelFolder, photos: list[Path], own_photos: list[Path]
) -> RegionCertificate:
    """Measures the margins, smallest first, until one earns the certificate.

    Args:
        entry: the model.
        folder: its baked files.
        photos: photos of people, of which more scenes are made.
        own_photos: photos that are looked at as they are.

    Returns:
        The certificate of the smallest margin that earned it, or of the largest margin.
    """
    # They import deepface, which would prefer TensorFlow.
    os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
    from face_engine.deepface_compat.arcface import DeepFaceCropper, DeepFaceEmbedder
    from face_engine.deepface_compat.locator import DeepFaceLocator
    from face_engine.deepface_compat.networks import ArcFaceNetwork, Network, RetinaFaceNetwork
    from face_engine.deepface_compat.regional_network import FaceProposer, RegionalRetinaFace
    from face_engine.deepface_compat.retinaface_detector import RetinaFaceDetector
    from face_engine.detection.yunet_network import YuNet

    names = {"retinaface": entry.detectors["retinaface"], "yunet": entry.detectors["yunet"]}
    files = {name: folder.find(entry, weights) for name, weights in names.items()}
    network = RetinaFaceNetwork(files["retinaface"])
    proposer = FaceProposer(YuNet(files["yunet"]))
    embedder = DeepFaceEmbedder(ArcFaceNetwork(folder.find(entry, entry.embedder)))

    def build(looks: Network) -> Extractor:
        locator = DeepFaceLocator(RetinaFaceDetector(looks), None)
        return Extractor(locator, DeepFaceCropper("retinaface"), embedder, "", "retinaface")

    scenes = [scene for photo in photos for scene in make_scenes(photo, photos)]
    scenes += [Scene(_photo(rgb)) for path in own_photos if (rgb := _read(path)) is not None]
    exact = build(network)
    whole = [find(exact, scene) for scene in _progress(scenes, "whole")]
    for margin_px in MARGINS_PX:
        extractor = build(RegionalRetinaFace(network, proposer, margin_px))
        differences = Differences()
        for scene, expected in zip(_progress(scenes, f"{margin_px} px"), whole, strict=True):
            compare(find(extractor, scene), expected, differences)
        certificate = RegionCertificate(
            margin_px=margin_px,
            scenes=len(scenes),
            faces=sum(len(faces) for faces, _ in whole),
            differing_counts=differences.counts,
            equal_coordinates=differences.equal_coordinates / max(differences.coordinates, 1),
            largest_box_difference_px=differences.box_px,
            largest_embedding_distance=differences.embedding,
            files={
                weights.file: folder.manifest[weights.file].sha256
                for weights in (entry.embedder, *names.values())
            },
            photos=digest_of([*photos, *own_photos]),
        )
        if certificate.is_earned:
            break
    return certificate


def make_scenes(path: Path, others: list[Path]) -> Iterator[Scene]:
    """Returns a photo, and what can be made of it.

    That is: small, tilted, turned, cropped, with a card, and without DeepFace's border, between
    black bars, too.
    """
    rgb = _read(path)
    if rgb is None:
        return
    rows, columns = rgb.shape[:2]
    yield Scene(_photo(rgb))
    small = cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    wide = np.full((rows, columns * 2, 3), 90, np.uint8)
    wide[rows // 4 : rows // 4 + small.shape[0], columns // 2 : columns // 2 + small.shape[1]] = (
        small
    )
    yield Scene(_photo(wide))
    rotation = cv2.getRotationMatrix2D((columns / 2, rows / 2), 15, 0.8)
    yield Scene(_photo(np.asarray(cv2.warpAffine(rgb, rotation, (columns, rows)), np.uint8)))
    yield Scene(_photo(rotate(rgb, 1)))
    yield Scene(_photo(np.ascontiguousarray(rgb[rows // 10 :, columns // 10 : -columns // 10])))
    card = _read(others[(others.index(path) + 1) % len(others)])
    if card is not None:
        scale = 0.3 * min(rows / card.shape[0], columns / card.shape[1])
        size = max(1, round(card.shape[1] * scale)), max(1, round(card.shape[0] * scale))
        held = rgb.copy()
        held[-size[1] :, : size[0]] = cv2.resize(card, size, interpolation=cv2.INTER_AREA)
        yield Scene(_photo(held))
    yield Scene(_photo(rgb), align=False)
    for bars in (((0, 0), (columns, columns)), ((rows, rows), (0, 0))):
        yield Scene(_photo(np.pad(rgb, (*bars, (0, 0)))), align=False)


def find(extractor: Extractor, scene: Scene) -> tuple[list[Face], list[Embedding]]:
    """Returns the faces of a photo from left to right, and their embeddings."""
    found = extractor.find(scene.photo, align=scene.align)
    faces = sorted(found.faces, key=lambda face: (face.left, face.top))
    return faces, extractor.embed(found, faces)


def compare(
    actual: tuple[list[Face], list[Embedding]],
    expected: tuple[list[Face], list[Embedding]],
    differences: Differences,
) -> None:
    """Adds the differences of one scene. Without as many faces there is nothing to compare."""
    if len(actual[0]) != len(expected[0]):
        differences.counts += 1
        return
    for face, other in zip(actual[0], expected[0], strict=True):
        box, other_box = (np.array((f.left, f.top, f.right, f.bottom)) for f in (face, other))
        eyes = face.landmarks[:2] == other.landmarks[:2]
        differences.coordinates += box.size + eyes.size
        differences.equal_coordinates += int((box == other_box).sum() + eyes.sum())
        differences.box_px = max(differences.box_px, float(np.abs(box - other_box).max()))
    for embedding, other_embedding in zip(actual[1], expected[1], strict=True):
        norms = np.linalg.norm(embedding) * np.linalg.norm(other_embedding)
        distance = 1 - float(embedding @ other_embedding / norms)
        differences.embedding = max(differences.embedding, distance)


def digest_of(photos: list[Path]) -> str:
    """Returns a SHA-256 of the contents of photos."""
    hashes = sorted(sha256_of(path) for path in photos)
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def find_photos(folders: list[Path]) -> list[Path]:
    """Returns the photo files of some folders."""
    suffixes = {".jpg", ".jpeg", ".png", ".webp"}
    return sorted(
        path for folder in folders for path in folder.iterdir() if path.suffix.lower() in suffixes
    )


def _read(path: Path) -> RGBImage | None:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        print(f"{path.name} is no photo, and is left out", file=sys.stderr)
        return None
    shrink = min(1.0, MAX_SIDE_PX / max(bgr.shape[:2]))
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    scaled = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)


def _photo(rgb: RGBImage) -> Photo:
    return Photo(rgb, rgb.shape[1], rgb.shape[0])


def _progress(scenes: list[Scene], label: str) -> Iterator[Scene]:
    yield from tqdm(scenes, desc=f"RetinaFace, {label}", unit="photo", disable=None)
