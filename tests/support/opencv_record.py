"""Everything that a model computes with OpenCV, as text: python -m tests.support.opencv_record.

Two processes with different builds of OpenCV can so be compared bit for bit.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from face_contract.errors import ServiceError
from face_engine.extractor import Extractor
from face_engine.faces import ExtractionOptions, Photo
from face_engine.model.catalog import read_catalog
from face_engine.model.loader import ModelLoader
from face_engine.photo import decode_image
from face_engine.quality import measure_quality
from tests.support.image_files import read_files
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.made_photos import landscape, on_black_canvas
from tests.support.paths import MODEL_DIR, PHOTO_DIR
from tests.support.photo_files import encode, encode_turned

MAX_PIXELS = 64_000_000
MAX_BATCH = 16
# All that may be uploaded, and a photo of usual size in each.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")


def make_files() -> Iterator[tuple[str, bytes]]:
    """Yields image files with their names: all formats, orientations, tilts, and damage."""
    yield from read_files().items()
    portrait = Image.open(PHOTO_DIR / PORTRAITS[1].file).convert("RGB")
    for name in FORMATS:
        yield f"portrait {name}", encode(portrait, name)
    for orientation in range(1, 9):
        turned = encode_turned(portrait, "JPEG", orientation)
        yield f"portrait, orientation {orientation}", turned
    for degrees in (30, 90, 180, 270):
        yield f"portrait, turned by {degrees}", encode(portrait.rotate(degrees, expand=True), "PNG")
    for name in ("JPEG", "PNG", "WEBP", "AVIF"):
        data = encode(portrait, name)
        yield f"cut {name}", data[: len(data) * 31 // 32]
        middle = len(data) // 2
        yield f"damaged {name}", data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    yield "no face", encode(Image.fromarray(landscape()), "PNG")
    small = on_black_canvas(np.asarray(portrait))
    yield "small face", encode(Image.fromarray(small), "PNG")
    for name in (*GROUP_FACES, *(portrait.file for portrait in PORTRAITS)):
        yield name, (PHOTO_DIR / name).read_bytes()


def record_photo(extractor: Extractor, photo: Photo) -> list[object]:
    """Returns the pixels' digest, every face with quality and vector, and the whole as a face."""
    lines: list[object] = [hashlib.sha256(photo.rgb.tobytes()).hexdigest(), str(photo.damage)]
    for align in (True, False):
        found = extractor.find(photo, align=align)
        vectors = extractor.embed(found, found.faces)
        for face, vector in zip(found.faces, vectors, strict=True):
            lines += [str(photo.box_of(face)), face.score.hex(), face.landmarks.tobytes().hex()]
            lines += [repr(measure_quality(photo, face)), vector.tobytes().hex()]
        if not found.faces:
            whole = extractor.extract(photo, ExtractionOptions(enforce_detection=False))
            lines.append(None if whole.embedding is None else whole.embedding.tobytes().hex())
    return lines


def record_batches(onnx: Path) -> dict[str, str]:
    """Returns MobileFaceNet's outputs for batches, from one face to as many as a request has."""
    crops = np.random.default_rng(7).standard_normal((MAX_BATCH, 3, 112, 112)).astype(np.float32)
    outputs = {}
    for count in range(1, MAX_BATCH + 1):
        net = cv2.dnn.readNetFromONNX(np.frombuffer(onnx.read_bytes(), np.uint8))
        net.setInput(crops[:count])
        output = np.asarray(net.forward())
        assert output.size == count * 512
        outputs[f"batch of {count}"] = hashlib.sha256(output.tobytes()).hexdigest()
    return outputs


def record(
    extractor: Extractor, choose: Callable[[str], bool] = lambda _: True
) -> dict[str, list[object]]:
    """Returns what the model says about each file, or the class of its error."""
    lines: dict[str, list[object]] = {}
    for name, data in make_files():
        if choose(name):
            try:
                lines[name] = record_photo(extractor, decode_image(data, MAX_PIXELS))
            except ServiceError as error:
                lines[name] = [type(error).__name__]
    return lines


def main() -> None:
    """Prints the record of mobilefacenet, or of arcface with a folder that the tests baked."""
    if len(sys.argv) == 1:
        extractor = ModelLoader("mobilefacenet", MODEL_DIR).load().extractor
        lines = {**record(extractor), **record_batches(MODEL_DIR / "fr_feature.onnx")}
    else:
        folder = Path(sys.argv[1])
        catalog = read_catalog(folder / "catalog.toml")
        extractor = ModelLoader("arcface", folder, catalog=catalog).load().extractor
        # RetinaFace takes a second for each.
        few = {"AVIF", "portrait, turned by 30", "no face", "sample5.jpg"}
        lines = dict(record(extractor, few.__contains__))
    print(json.dumps({"cv2": cv2.__file__, "lines": lines}))


if __name__ == "__main__":
    main()
