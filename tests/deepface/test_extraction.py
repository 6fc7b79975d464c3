"""Held to `DeepFace.represent` itself, on the real architectures with the tests' own weights."""

import functools
import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from face_contract.errors import ModelUnavailable, MultipleFacesDetected, NoFaceDetected
from face_engine.deepface_compat.arcface import DeepFaceCropper, DeepFaceEmbedder
from face_engine.deepface_compat.clients import YuNetDetector
from face_engine.deepface_compat.locator import DeepFaceLocator
from face_engine.deepface_compat.networks import ArcFaceNetwork, RetinaFaceNetwork
from face_engine.deepface_compat.retinaface_detector import RetinaFaceDetector
from face_engine.extractor import Extractor
from face_engine.faces import BoundingBox, Extraction, ExtractionOptions, Photo
from face_engine.model.loader import ModelLoader
from tests.support.baked import YUNET, BakedModel, bake_model
from tests.support.labels import GROUP_FACES
from tests.support.made_photos import SMALL_PORTRAIT, landscape, on_black_canvas
from tests.support.vectors import cosine_distance

# The first of them bakes, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)
DecodePhoto = Callable[[str], Photo]
LANDSCAPE = "landscape"
FACES = {
    LANDSCAPE: 0,
    "person_a_1.jpg": 1,
    "person_b_2.jpg": 1,
    "impostor_1.jpg": 1,
    "impostor_2.jpg": 1,
    "sample5.jpg": GROUP_FACES["sample5.jpg"],
}
NONE_ONE_SEVERAL = (LANDSCAPE, "person_b_2.jpg", "sample5.jpg")
Represent = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def baked() -> BakedModel:
    return bake_model()


@pytest.fixture(scope="module")
def read(decode_photo: DecodePhoto) -> DecodePhoto:
    """Reads the photos of FACES."""

    def call(name: str) -> Photo:
        if name != LANDSCAPE:
            return decode_photo(name)
        rgb = landscape()
        return Photo(rgb, rgb.shape[1], rgb.shape[0])

    return call


@pytest.fixture(scope="module")
def represent(
    baked: BakedModel, read: DecodePhoto, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Represent]:
    """DeepFace as it comes, on its onnx engine, with the same files under its own names."""
    home = tmp_path_factory.mktemp("home")
    folder = home / ".deepface" / "weights"
    folder.mkdir(parents=True)
    for file in ("arcface_weights.onnx", "retinaface.onnx"):
        (folder / file).symlink_to(baked.folder / file)
    (folder / "face_detection_yunet_2023mar.onnx").symlink_to(baked.folder / YUNET)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DEEPFACE_HOME", str(home))
        environment.setenv("DEEPFACE_BACKEND_ENGINE", "onnx")
        from deepface import DeepFace

        def call(name: str, **options: Any) -> list[dict[str, Any]]:
            bgr = np.ascontiguousarray(read(name).rgb[:, :, ::-1])
            faces: list[dict[str, Any]] = DeepFace.represent(bgr, model_name="ArcFace", **options)
            return faces

        yield call


@pytest.fixture(scope="module")
def alone(baked: BakedModel) -> dict[str, Extractor]:
    """Our extractors without turns and fallback, by detector."""
    network = ArcFaceNetwork(baked.folder / "arcface_weights.ncnn")
    clients = {
        "retinaface": RetinaFaceDetector(RetinaFaceNetwork(baked.folder / "retinaface.ncnn")),
        "yunet": YuNetDetector(baked.folder / "yunet.onnx"),
    }
    return {
        name: Extractor(
            DeepFaceLocator(client, None),
            DeepFaceCropper(name),
            DeepFaceEmbedder(network),
            "test",
            name,
        )
        for name, client in clients.items()
    }


@pytest.fixture(scope="module")
def extract(alone: dict[str, Extractor], read: DecodePhoto) -> Callable[..., Extraction]:
    """Ours, not enforced. Each answer is computed once."""

    @functools.cache
    def call(detector: str, name: str, *, align: bool) -> Extraction:
        return alone[detector].extract(read(name), ExtractionOptions(False, align))

    return call


def load(baked: BakedModel, detector: str, **options: Any) -> ModelLoader:
    return ModelLoader("arcface", baked.folder, detector, catalog=baked.catalog, **options)


def box_of(area: dict[str, Any], photo: Photo) -> BoundingBox:
    """DeepFace's box, clipped to the photo."""
    right, bottom = area["x"] + area["w"], area["y"] + area["h"]
    return BoundingBox(
        area["x"],
        area["y"],
        min(right, photo.width) - area["x"],
        min(bottom, photo.height) - area["y"],
    )


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("detector", ["retinaface", "yunet"])
def test_the_vector_is_deepfaces(
    represent: Represent,
    extract: Callable[..., Extraction],
    read: DecodePhoto,
    *,
    detector: str,
    align: bool,
    name: str,
) -> None:
    photo = read(name)
    theirs = represent(name, detector_backend=detector, align=align, enforce_detection=False)
    ours = extract(detector, name, align=align)
    assert ours.embedding is not None
    distances = [cosine_distance(ours.embedding, face["embedding"]) for face in theirs]
    face = theirs[int(np.argmin(distances))]
    assert min(distances) <= 1e-5
    if ours.face_count == 0:
        assert len(theirs) == 1
        assert face["face_confidence"] == ours.confidence == 0
        assert ours.area == photo.whole
        return
    assert ours.face_count == len(theirs)
    assert ours.confidence == pytest.approx(face["face_confidence"], abs=0.006)
    theirs_box = box_of(face["facial_area"], photo)
    # At the photo's right and bottom DeepFace's boxes end one pixel early, and where a box begins
    # outside of the photo it keeps the width that it had.
    assert (ours.area.x, ours.area.y) == (theirs_box.x, theirs_box.y)
    if ours.area.x and ours.area.y:
        assert ours.area.w - theirs_box.w in {0, 1}
        assert ours.area.h - theirs_box.h in {0, 1}
    # The length counts, too: the euclidean threshold is of DeepFace's vectors.
    length = np.linalg.norm(face["embedding"])
    assert np.linalg.norm(ours.embedding) == pytest.approx(length, rel=1e-4)


@pytest.mark.parametrize("name", NONE_ONE_SEVERAL)
@pytest.mark.parametrize("detector", ["retinaface", "yunet"])
def test_faces_are_enforced_as_deepface_does(
    represent: Represent,
    alone: dict[str, Extractor],
    read: DecodePhoto,
    detector: str,
    name: str,
) -> None:
    from deepface.modules.exceptions import FaceNotDetected

    photo = read(name)
    try:
        theirs = represent(name, detector_backend=detector, enforce_detection=True)
    except FaceNotDetected:
        theirs = []
    extractor, options = alone[detector], ExtractionOptions(enforce_detection=True)
    if not theirs:
        with pytest.raises(NoFaceDetected):
            extractor.extract(photo, options)
    elif len(theirs) > 1:
        with pytest.raises(MultipleFacesDetected) as caught:
            extractor.extract(photo, options)
        assert caught.value.details == {"face_count": len(theirs)}
    else:
        ours = extractor.extract(photo, options)
        assert ours.embedding is not None
        assert cosine_distance(ours.embedding, theirs[0]["embedding"]) <= 1e-5


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("detector", ["retinaface", "yunet"])
def test_photos_without_with_one_and_with_several_faces_are_among_them(
    extract: Callable[..., Extraction], detector: str, align: bool
) -> None:
    found = {name: extract(detector, name, align=align).face_count for name in FACES}
    if detector == "retinaface":
        assert found == FACES
    # At DeepFace's size and threshold YuNet may miss some of a group.
    assert {name: min(count, 2) for name, count in found.items()} == {
        name: min(count, 2) for name, count in FACES.items()
    }


@pytest.mark.parametrize("detector", ["retinaface", "yunet"])
@pytest.mark.parametrize("alignment", ["deepface", "similarity"])
def test_turned_photos_are_turned(
    baked: BakedModel, decode_photo: DecodePhoto, detector: str, alignment: Any
) -> None:
    extractor = load(baked, detector, alignment=alignment).load().extractor
    photo = decode_photo("person_b_1.jpg")
    upright = extractor.extract(photo, ExtractionOptions(False))
    assert upright.embedding is not None
    assert upright.face_count == 1
    assert f"/{detector}/" in upright.model
    for quarter_turns in (1, 2, 3):
        rgb = np.ascontiguousarray(np.rot90(photo.rgb, quarter_turns))
        turned = Photo(rgb, rgb.shape[1], rgb.shape[0])
        again = extractor.extract(turned, ExtractionOptions(False))
        assert again.embedding is not None
        assert cosine_distance(again.embedding, upright.embedding) < 1e-5
        assert again.model == upright.model
        assert again.face_count == 1
        expected = (upright.area.h, upright.area.w) if quarter_turns % 2 else None
        assert (again.area.w, again.area.h) == (expected or (upright.area.w, upright.area.h))


@pytest.mark.parametrize("alignment", ["deepface", "similarity"])
def test_yunet_is_asked_when_retinaface_finds_nothing(
    baked: BakedModel,
    alone: dict[str, Extractor],
    decode_photo: DecodePhoto,
    alignment: str,
) -> None:
    rgb = on_black_canvas(decode_photo(SMALL_PORTRAIT).rgb)
    photo, options = Photo(rgb, rgb.shape[1], rgb.shape[0]), ExtractionOptions(True)
    with pytest.raises(NoFaceDetected):
        alone["retinaface"].extract(photo, options)
    loader = load(baked, "retinaface", alignment=alignment)
    found = loader.load().extractor.extract(photo, options)
    assert found.face_count == 1
    assert found.model == f"{loader.choice.weights_identity}/yunet/{alignment}"
    assert loader.choice.identity.endswith(f"/retinaface/{alignment}")


def test_similarity_is_another_identity(baked: BakedModel, decode_photo: DecodePhoto) -> None:
    photo = decode_photo("impostor_2.jpg")
    models = set()
    for alignment in ("deepface", "similarity"):
        loader = load(baked, "yunet", alignment=alignment)
        for align in (True, False):
            extraction = loader.load().extractor.extract(photo, ExtractionOptions(False, align))
            models.add(extraction.model)
            if align:
                assert extraction.model == loader.choice.identity
    assert len(models) == 4


@pytest.mark.parametrize("detector", ["retinaface", "yunet"])
def test_threads_get_the_answers_of_a_quiet_run(
    baked: BakedModel, decode_photo: DecodePhoto, detector: str
) -> None:
    extractor = load(baked, detector).load().extractor
    photos = [decode_photo(name) for name in ("person_a_1.jpg", "impostor_2.jpg")]
    options = ExtractionOptions(False)
    quiet = [extractor.extract(photo, options) for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        busy = list(pool.map(lambda photo: extractor.extract(photo, options), photos * 2))
    for index, extraction in enumerate(busy):
        expected = quiet[index % 2]
        assert extraction.area == expected.area
        assert extraction.embedding is not None
        assert expected.embedding is not None
        np.testing.assert_array_equal(extraction.embedding, expected.embedding)


@pytest.mark.parametrize(
    "file", ["arcface_weights.ncnn", "retinaface.ncnn", "yunet.onnx", "manifest.json"]
)
def test_what_is_missing_is_told_and_not_downloaded(
    baked: BakedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    for path in baked.folder.iterdir():
        if path.name != file and path.suffix in {".ncnn", ".onnx", ".json"}:
            (tmp_path / path.name).symlink_to(path)
    calls: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda *address: calls.append(address))
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    loader = ModelLoader("arcface", tmp_path, "retinaface", catalog=baked.catalog)
    for act in (loader.check, loader.load):
        with pytest.raises(ModelUnavailable, match=r"`make weights FACE_MODEL=arcface`"):
            act()
    assert calls == []


def test_baked_files_of_other_weights_are_refused(baked: BakedModel, tmp_path: Path) -> None:
    """The same files under the project's own catalogue, whose hashes are the real weights'."""
    for path in baked.folder.iterdir():
        if path.suffix in {".ncnn", ".onnx", ".json"}:
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(ModelUnavailable, match="was not baked here"):
        ModelLoader("arcface", tmp_path).check()


def test_a_broken_baked_file_is_refused(baked: BakedModel, tmp_path: Path) -> None:
    for path in baked.folder.iterdir():
        if path.suffix in {".ncnn", ".onnx", ".json"}:
            shutil.copy(path, tmp_path)
    with (tmp_path / "arcface_weights.ncnn").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\x00\x01\x02")
    with pytest.raises(ModelUnavailable, match="is broken"):
        ModelLoader("arcface", tmp_path, catalog=baked.catalog).check()
