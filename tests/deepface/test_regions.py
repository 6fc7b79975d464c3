"""RetinaFace on regions finds what it finds in whole photos, or is not used."""

import json
import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from retinaface.commons.preprocess import preprocess_image

from face_contract.errors import ModelUnavailable
from face_engine.deepface_compat.networks import CHANNELS, STRIDES_PX, RetinaFaceNetwork
from face_engine.deepface_compat.regional_network import (
    FaceProposer,
    RegionalRetinaFace,
    find_photo,
)
from face_engine.deepface_compat.regions import (
    BLACK_PX,
    CROPS,
    FINEST,
    FINEST_PX,
    GRIDS_PX,
    PYRAMID,
    Core,
    Rectangle,
    Region,
    choose_regions,
)
from face_engine.detection.yunet_network import YuNet
from face_engine.faces import RGBImage
from face_engine.model.catalog import Catalog, sha256_of
from face_engine.model.certificate import RULES, RegionCertificate
from face_engine.model.folder import MANIFEST_FILE, ModelFolder
from face_engine.model.loader import ModelLoader
from tests.conftest import ReadPhoto
from tests.support.baked import BakedModel, bake_model
from tests.support.labels import GROUP_FACES

pytestmark = pytest.mark.timeout(1200)
# As the bake certified it for the test weights.
FACE_SCORE = 0.9


@pytest.fixture(scope="module")
def baked() -> BakedModel:
    return bake_model()


@pytest.fixture(scope="module")
def certificate(baked: BakedModel) -> RegionCertificate:
    found = ModelFolder(baked.folder).find_certificate(baked.entry)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def network(baked: BakedModel) -> RetinaFaceNetwork:
    return RetinaFaceNetwork(baked.folder / "retinaface.ncnn")


@pytest.fixture(scope="module")
def regional(
    baked: BakedModel, network: RetinaFaceNetwork, certificate: RegionCertificate
) -> RegionalRetinaFace:
    proposer = FaceProposer(YuNet(baked.folder / "yunet.onnx"))
    return RegionalRetinaFace(network, proposer, certificate.margin_px)


def link_networks(baked: BakedModel, folder: Path) -> None:
    """Links the baked networks into a folder, without the manifest."""
    for path in baked.folder.iterdir():
        if path.suffix in {".ncnn", ".onnx"}:
            (folder / path.name).symlink_to(path)


def canvas(read_photo: ReadPhoto, name: str) -> RGBImage:
    """A photo with DeepFace's border, at the scale that RetinaFace sees."""
    bgr = cv2.imdecode(np.frombuffer(read_photo(name), np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    dy, dx = bgr.shape[0] // 2, bgr.shape[1] // 2
    bordered = np.pad(bgr, ((dy, dy), (dx, dx), (0, 0)))
    return np.asarray(preprocess_image(bordered, True)[0][0], np.uint8)


@pytest.mark.parametrize("name", ["person_b_2.jpg", next(iter(GROUP_FACES))])
def test_the_outputs_that_show_faces_are_those_of_the_whole(
    name: str, network: RetinaFaceNetwork, regional: RegionalRetinaFace, read_photo: ReadPhoto
) -> None:
    batch = canvas(read_photo, name)[np.newaxis]
    whole, parts = network(batch), regional(batch)
    assert [part.shape for part in parts] == [output.shape for output in whole]
    shown = 0
    for scores, boxes in ((0, 1), (3, 4), (6, 7)):
        for anchor in (0, 1):
            is_face = whole[scores][..., 2 + anchor] >= FACE_SCORE
            shown += int(is_face.sum())
            assert (parts[scores][..., 2 + anchor] >= FACE_SCORE)[is_face].all()
            numbers = slice(4 * anchor, 4 * anchor + 4)
            difference = parts[boxes][is_face][:, numbers] - whole[boxes][is_face][:, numbers]
            assert np.abs(difference).max(initial=0) < 0.05
    assert shown > 0
    # These weights show no face at the finest stride. Around small faces its outputs are those of
    # the whole, elsewhere none.
    is_seen = parts[7].any(axis=-1)
    assert is_seen.any() == (name in GROUP_FACES)
    assert not is_seen.all()
    for part, output in zip(parts[6:], whole[6:], strict=True):
        assert np.abs(part - output)[is_seen].max(initial=0) < 0.05


def test_without_a_proposal_the_whole_is_seen(
    network: RetinaFaceNetwork, regional: RegionalRetinaFace
) -> None:
    batch = np.full((1, 320, 352, 3), 90, np.uint8)
    for part, output in zip(regional(batch), network(batch), strict=True):
        np.testing.assert_array_equal(part, output)


def test_of_the_whole_no_feature_is_cut(network: RetinaFaceNetwork, read_photo: ReadPhoto) -> None:
    rows, columns = 352, 480
    batch = canvas(read_photo, "person_b_2.jpg")[np.newaxis, :rows, :columns]
    whole = Region.whole(rows, columns)
    for output, expected in zip(network(batch, whole), network(batch), strict=True):
        np.testing.assert_array_equal(output, expected)
    # Far from the cut, outputs are the same but for rounding; here only the pyramid is cut.
    cut = Rectangle(96, 64, 480, 352)
    region = Region((*whole.views[:PYRAMID], cut, cut), (Core(cut, len(STRIDES_PX)),))
    for index, (output, expected) in enumerate(
        zip(network(batch, region), network(batch), strict=True)
    ):
        stride = STRIDES_PX[index // len(CHANNELS)]
        # The layers of the pyramid look four cells around, and one of the next coarser stride.
        first = 4 + 2
        part = expected[:, cut.top // stride :, cut.left // stride :]
        assert output.shape == part.shape
        np.testing.assert_allclose(
            output[:, first:, first:], part[:, first:, first:], rtol=1e-3, atol=1e-4
        )


def test_around_small_faces_the_finest_stride_loses_nothing(
    network: RetinaFaceNetwork, read_photo: ReadPhoto
) -> None:
    image = canvas(read_photo, next(iter(GROUP_FACES)))[256:704, 384:960]
    rows, columns = image.shape[:2]
    batch = image[np.newaxis]
    expected = network(batch)
    whole = Region.whole(rows, columns)
    for part in (
        Rectangle(96, 64, 224, 160),
        Rectangle(0, 0, 32, 32),
        Rectangle(320, 224, columns, rows),
    ):
        finest = part.expanded(FINEST_PX, rows, columns, grid_px=GRIDS_PX[FINEST])
        region = Region((*whole.views[:FINEST], finest), (Core(part, len(STRIDES_PX)),))
        outputs = network(batch, region)
        for output, other in zip(outputs[:6], expected, strict=False):
            np.testing.assert_array_equal(output, other)
        cells = [
            (
                slice((part.top - top) // 8, (part.bottom - top) // 8),
                slice((part.left - left) // 8, (part.right - left) // 8),
            )
            for left, top in ((finest.left, finest.top), (0, 0))
        ]
        for output, other in zip(outputs[6:], expected[6:], strict=True):
            inner, same = output[:, *cells[0]], other[:, *cells[1]]
            np.testing.assert_allclose(inner, same, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["person_b_2.jpg", next(iter(GROUP_FACES))])
def test_cut_in_the_black_near_the_photo_its_outputs_are_those_of_the_whole(
    name: str, network: RetinaFaceNetwork, read_photo: ReadPhoto
) -> None:
    image = canvas(read_photo, name)
    rows, columns = image.shape[:2]
    photo = find_photo(image)
    batch = image[np.newaxis]
    views = tuple(
        photo.expanded(pixels, rows, columns, grid_px=grid_px)
        for pixels, grid_px in zip(BLACK_PX, GRIDS_PX, strict=True)
    )
    seen = views[PYRAMID]
    # What is compared is the same part at all strides.
    views = (*views[:FINEST], seen)
    parts = network(batch, Region(views, (Core(photo, len(STRIDES_PX)),)))
    # The same part, as if the image ended there.
    ended = network(batch[:, seen.top : seen.bottom, seen.left : seen.right])
    errors: list[float] = []
    errors_of_ended: list[float] = []
    for index, expected in enumerate(network(batch)):
        stride = STRIDES_PX[index // len(CHANNELS)]
        rows_of_photo = slice(photo.top // stride, -(-photo.bottom // stride))
        columns_of_photo = slice(photo.left // stride, -(-photo.right // stride))
        rows_seen = slice(seen.top // stride, seen.bottom // stride)
        columns_seen = slice(seen.left // stride, seen.right // stride)
        for output, into in ((parts[index], errors), (ended[index], errors_of_ended)):
            whole = expected.copy()
            whole[:, rows_seen, columns_seen] = output
            difference = (whole - expected)[:, rows_of_photo, columns_of_photo]
            into.append(float(np.abs(difference).max()))
    assert max(errors) < 0.06
    assert max(errors) < 0.2 * max(errors_of_ended)


@pytest.mark.parametrize("above_px", [0, 32, 96])
def test_beside_the_end_of_the_image_the_outputs_are_those_of_the_whole(
    network: RetinaFaceNetwork, read_photo: ReadPhoto, above_px: int
) -> None:
    # Without DeepFace's border, a photo between bars, and a face in its corner.
    inner = canvas(read_photo, next(iter(GROUP_FACES)))[256:768, 384:896]
    image = np.zeros((1024, 1408, 3), np.uint8)
    photo = Rectangle(448, above_px, 960, above_px + 512)
    image[photo.top : photo.bottom, photo.left : photo.right] = inner
    face = np.array([(photo.right - 90, photo.top + 10, 80, 80)], np.float32)
    (region,) = choose_regions(face, *image.shape[:2], 192, find_photo(image))
    ((core, strides),) = region.cores
    assert strides == len(STRIDES_PX)
    expected = network(image[np.newaxis])
    for index, part in enumerate(network(image[np.newaxis], region)):
        stride = STRIDES_PX[index // len(CHANNELS)]
        covered = region.views[PYRAMID if stride > STRIDES_PX[-1] else FINEST]
        whole = expected[index].copy()
        whole[
            :,
            covered.top // stride : -(-covered.bottom // stride),
            covered.left // stride : -(-covered.right // stride),
        ] = part
        difference = (whole - expected[index])[
            :,
            core.top // stride : core.bottom // stride,
            core.left // stride : core.right // stride,
        ]
        assert np.abs(difference).max() < 0.03


def test_what_is_kept_of_another_photo_changes_nothing(
    network: RetinaFaceNetwork, baked: BakedModel
) -> None:
    rng = np.random.default_rng(5)
    batch = rng.integers(0, 256, (1, 1056, 992, 3), np.uint8)
    sides = ((96, 96), (640, 512), (1056, 992), (160, 672), (640, 512), (96, 96))
    regions = [
        Region((part,) * (FINEST + 1), (Core(part, len(STRIDES_PX)),))
        for part in (Rectangle(0, 0, columns, rows) for rows, columns in sides)
    ]
    for region in regions:
        alone = RetinaFaceNetwork(baked.folder / "retinaface.ncnn")(batch, region)
        for output, expected in zip(network(batch, region), alone, strict=True):
            np.testing.assert_array_equal(output, expected)


def test_a_network_of_an_older_bake_is_refused(baked: BakedModel, tmp_path: Path) -> None:
    link_networks(baked, tmp_path)
    older = tmp_path / "retinaface.ncnn"
    older.unlink()
    # A graph with other places to cut; it stands at the end.
    name = CROPS[0].input_name
    other = CROPS[0]._replace(black_cells=8).input_name
    content = (baked.folder / older.name).read_bytes()
    assert len(other) == len(name)
    older.write_bytes(content.replace(name.encode(), other.encode()))
    manifest = json.loads((baked.folder / MANIFEST_FILE).read_text())
    (recorded,) = (entry for entry in manifest["files"] if entry["file"] == older.name)
    recorded["sha256"] = sha256_of(older)
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(manifest))
    with pytest.raises(ModelUnavailable, match="by another version of the bake") as refusal:
        ModelLoader("arcface", tmp_path, catalog=baked.catalog).load()
    assert refusal.value.details == {"command": "make weights FACE_MODEL=arcface"}


def test_the_bake_certified_it(certificate: RegionCertificate) -> None:
    assert certificate.is_earned
    assert certificate.scenes == 12
    assert certificate.faces == 6 + sum(GROUP_FACES.values())
    assert set(certificate.files) == {"arcface_weights.ncnn", "retinaface.ncnn", "yunet.onnx"}


@pytest.mark.parametrize(
    ("change", "uses_regions"),
    [
        ({}, True),
        ({"differing_counts": 1}, False),
        ({"equal_coordinates": 0.98}, False),
        ({"largest_embedding_distance": 0.002}, False),
        ({"scenes": 9}, False),
        ({"faces": 0}, False),
        ({"files": {}}, False),
        ({"files": {"retinaface.ncnn": "0" * 64}}, False),
        ({"margin": 3}, False),
        ({"rules": RULES - 1}, False),
        ({"margin_px": 0}, False),
        ({"scenes": "many"}, False),
        (None, False),
    ],
)
def test_regions_are_used_only_with_a_certificate_for_these_files(
    baked: BakedModel,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, object] | None,
    uses_regions: bool,
) -> None:
    link_networks(baked, tmp_path)
    manifest = json.loads((baked.folder / MANIFEST_FILE).read_text())
    if change is None:
        del manifest["certificate"]
    else:
        manifest["certificate"] |= change
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(manifest))
    margin_px = _load(tmp_path, baked.catalog, caplog)
    assert (margin_px is not None) == uses_regions
    assert ("RetinaFace looks at whole photos" in caplog.text) != uses_regions


def _load(folder: Path, catalog: Catalog, caplog: pytest.LogCaptureFixture) -> int | None:
    with caplog.at_level(logging.INFO, "face_engine"):
        return ModelLoader("arcface", folder, catalog=catalog).load().retinaface_margin_px


def test_the_setting_switches_them_off(baked: BakedModel) -> None:
    loader = ModelLoader("arcface", baked.folder, catalog=baked.catalog, uses_regions=False)
    assert loader.load().retinaface_margin_px is None
