"""Toys, each added to a copy of the project by the edits that its recipe lists."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from tests.support.paths import MODEL_DIR

YUNET = "face_detection_yunet_2023mar_int8bq.onnx"
ENGINE = "layers/engine/face_engine"
CATALOG = f"{ENGINE}/model/catalog.toml"
DOCKERFILE = "functions/extract/Dockerfile"

DETECTOR = '''"""YuNet at one small size."""

from pathlib import Path

import cv2
import numpy as np

from face_engine.faces import Face, RGBImage

SIDE_PX = 320


class ToyDetector:
    """Finds faces with a network for each call."""

    def __init__(self, onnx: Path) -> None:
        self._onnx = str(onnx)

    def detect(self, image_rgb: RGBImage) -> list[Face]:
        """Returns the faces in an upright image, best score first."""
        rows, columns = image_rgb.shape[:2]
        scale = SIDE_PX / max(rows, columns)
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        small = cv2.cvtColor(cv2.resize(image_rgb, size), cv2.COLOR_RGB2BGR)
        network = cv2.FaceDetectorYN.create(self._onnx, "", size, 0.75)
        _, found = network.detect(small)
        faces = [] if found is None else [self._read(np.asarray(row, np.float64)) for row in found]
        faces.sort(key=lambda face: face.score, reverse=True)
        return [face.scaled(columns / size[0], rows / size[1]) for face in faces]

    @staticmethod
    def _read(row: np.ndarray) -> Face:
        left, top, width, height = row[:4]
        score = min(max(row[14], 0), 1)
        return Face(left, top, left + width, top + height, score, row[4:14].reshape(5, 2))
'''
EMBEDDER = '''"""A projection of a small crop."""

from io import BytesIO

import cv2
import numpy as np

from face_engine.faces import Embedding, RGBImage


class ToyEmbedder:
    """Projects 7 x 7 pixels to 512 numbers."""

    def __init__(self, npy: bytes) -> None:
        self._projection = np.load(BytesIO(npy))

    def embed(self, crop_rgb: RGBImage) -> Embedding:
        """Returns a vector of unit length."""
        small = cv2.resize(crop_rgb, (7, 7), interpolation=cv2.INTER_AREA)
        vector = (small.ravel() / 255 + 0.1) @ self._projection
        embedding: Embedding = (vector / np.linalg.norm(vector)).astype(np.float32)
        return embedding
'''
BUILDER = '''"""Builds the toy behind YuNet."""

from face_engine.embedding.toy import ToyEmbedder
from face_engine.extractor import Extractor
from face_engine.model.choice import ModelChoice
from face_engine.model.detector import load_rotation_search
from face_engine.model.folder import ModelFolder
from face_engine.roles import DetectorLocator, SimilarityCropper


def build(choice: ModelChoice, folder: ModelFolder) -> Extractor:
    """Builds the model."""
    entry = choice.entry
    return Extractor(
        DetectorLocator(load_rotation_search(choice, folder)),
        SimilarityCropper(),
        ToyEmbedder(folder.find(entry, entry.embedder).read_bytes()),
        choice.weights_identity,
        choice.detector,
    )
'''
ROUTE = '''    @router.get(
        "/toy",
        tags=["service"],
        summary="List the detectors that are loaded",
        responses=document_responses(ToyResponse),
    )
    async def toy() -> ToyResponse:
        """Lists the detectors that are loaded."""
        return service.list_detectors()

'''
METHOD = '''    def list_detectors(self) -> ToyResponse:
        """Lists the detectors that are loaded."""
        return ToyResponse(detectors=list(self._loader.choice.detectors))

'''
SCHEMA = '''class ToyResponse(Schema):
    """The detectors that are loaded."""

    detectors: list[str] = Field(description="Names of the detectors.", examples=[["yunet"]])


'''


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of the project that is edited."""

    folder: Path

    def add(self, path: str, text: str) -> None:
        """Adds a file that must not exist."""
        with (self.folder / path).open("x", encoding="utf-8") as file:
            file.write(text)

    def replace(self, path: str, old: str, new: str) -> None:
        """Replaces a text that stands in a file once."""
        file = self.folder / path
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new), "utf-8")

    def insert(self, path: str, before: str, text: str) -> None:
        """Inserts a text before another that stands in a file once."""
        self.replace(path, before, text + before)

    def add_weights(self, name: str, content: bytes) -> str:
        """Puts a file of weights into the model folder; returns its hash."""
        (self.folder / "models" / name).write_bytes(content)
        digest = sha256(content).hexdigest()
        self.insert(
            CATALOG,
            "[archives.faceplugin]\n",
            f'[artifacts."{name}"]\nabout = "A toy"\nbytes = {len(content)}\n'
            f'sha256 = "{digest}"\nlicence = "MIT"\n'
            f'sources = [{{ url = "https://weights.example/{name}" }}]\n\n',
        )
        return digest


def add_detector(project: Project) -> None:
    project.add(f"{ENGINE}/detection/toy.py", DETECTOR)
    registry = f"{ENGINE}/detection/detectors.py"
    project.insert(
        registry,
        "from face_engine.detection.yunet",
        "from face_engine.detection.toy import ToyDetector\n",
    )
    project.insert(registry, '    "yunet":', '    "toy": ToyDetector,\n')
    digest = project.add_weights("toy.onnx", (MODEL_DIR / YUNET).read_bytes())
    # After the default, which is the first.
    project.insert(CATALOG, ' }\nalignments = ["similarity"]', ', toy = "toy.onnx"')
    project.insert(
        DOCKERFILE,
        "      face.weights.fr_feature.onnx=",
        f'      face.weights.toy.onnx="sha256:{digest}" \\\n',
    )
    project.replace("template.yaml", "[retinaface, yunet]", "[retinaface, toy, yunet]")
    project.insert("template.yaml", "retinaface: retinaface, ", "toy: retinaface, ")
    project.insert("template.yaml", "retinaface: yunet, ", "toy: toy, ")


def add_model(project: Project) -> None:
    project.add(f"{ENGINE}/embedding/toy.py", EMBEDDER)
    project.add(f"{ENGINE}/model/toy.py", BUILDER)
    weights = project.folder / "models" / "toy.npy"
    np.save(weights, np.random.default_rng(1).normal(size=(3 * 7 * 7, 512)))
    digest = project.add_weights(weights.name, weights.read_bytes())
    project.insert(
        CATALOG,
        "[models.arcface]\n",
        '[models.toy]\nname = "Toy"\nbuilder = "face_engine.model.toy"\n'
        'packages = ["numpy", "opencv-python-headless"]\nembedder = "toy.npy"\n'
        'detectors = { yunet = "yunet.onnx" }\nalignments = ["similarity"]\n\n',
    )
    yunet = sha256((MODEL_DIR / YUNET).read_bytes()).hexdigest()
    project.insert(
        DOCKERFILE,
        "FROM function-${FACE_MODEL}\n",
        f'FROM function AS function-toy\nLABEL face.model="toy" \\\n'
        f'      face.weights.toy.npy="sha256:{digest}" \\\n'
        f'      face.weights.{YUNET}="sha256:{yunet}"\n\n',
    )
    project.replace("template.yaml", "[arcface, mobilefacenet]", "[arcface, mobilefacenet, toy]")
    for row in (
        "{retinaface: yunet, yunet: yunet}",
        "{deepface: similarity, similarity: similarity}",
    ):
        project.insert("template.yaml", f"    mobilefacenet: {row}\n", f"    toy: {row}\n")


def add_endpoint(project: Project) -> None:
    project.insert("layers/contract/face_contract/schemas.py", "class ErrorBody(Schema):\n", SCHEMA)
    service, app = "functions/extract/service.py", "functions/extract/app.py"
    for path in (service, app):
        project.insert(path, "    WarmUpResponse,\n", "    ToyResponse,\n")
    project.insert(service, "    async def _load(self", METHOD)
    project.insert(app, "    router.include_router(bounded)\n", ROUTE)
    template = project.folder / "template.yaml"
    other = "          /api/v1/model-info:\n"
    rest = template.read_text("utf-8").partition(other)[2]
    operations = rest.partition("\n          /")[0]
    project.insert("template.yaml", other, f"          /api/v1/toy:\n{operations}\n")
    project.insert(
        "tests/api/test_openapi.py",
        '    "/api/v1/model-info"',
        '    "/api/v1/toy": schemas.ToyResponse,\n',
    )


# By the recipe's heading in CONTRIBUTING.md.
TOYS: dict[str, Callable[[Project], None]] = {
    "Add a detector": add_detector,
    "Add a model": add_model,
    "Add an endpoint": add_endpoint,
}
