"""Conversion of weights: the same numbers, the same file each time, and what it refuses."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from model_build.networks import NETWORKS
from tests.conftest import ReadPhoto
from tests.support.baked import Conversion, bake, bake_model, for_both_networks, run_baking
from tests.support.paths import BAKE_PYTHON

# The first of them bakes, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)
EACH_NETWORK = pytest.mark.parametrize("network", list(NETWORKS))


def make_inputs(network: str, read_photo: ReadPhoto) -> dict[str, NDArray[np.float32]]:
    """Photos, as deepface and retina-face feed them, of several sizes."""

    def read(name: str, width: int, height: int) -> NDArray[np.float32]:
        photo = cv2.imdecode(np.frombuffer(read_photo(name), np.uint8), cv2.IMREAD_COLOR)
        assert photo is not None
        return cv2.resize(photo, (width, height)).astype(np.float32)

    if network == "ArcFace":
        names = ("person_a_1.jpg", "person_b_1.jpg", "impostor_1.jpg")
        crops = np.stack([read(name, 112, 112) / np.float32(255) for name in names])
        return {"one": crops[:1], "three": crops}
    return {
        "portrait": read("person_b_2.jpg", 413, 550)[np.newaxis, :, :, ::-1],
        "group": read("sample4.jpg", 700, 501)[np.newaxis, :, :, ::-1],
    }


def _make_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    # Not in the threads: pytest's factory makes its own folder at the first call, in each of two.
    return {network: tmp_path_factory.mktemp(network) for network in NETWORKS}


@pytest.fixture(scope="module")
def tensorflows_numbers(
    read_photo: ReadPhoto, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """An archive of what TensorFlow makes of the inputs."""
    bake_model()
    folders = _make_folders(tmp_path_factory)

    def run(network: str) -> Path:
        folder = folders[network]
        archive: dict[str, Any] = {**make_inputs(network, read_photo)}
        np.savez(folder / "inputs.npz", **archive)
        paths = (bake(network).weights, folder / "inputs.npz", folder / "outputs.npz")
        run_baking("tests.support.keras_reference", network, *paths, home=str(folder))
        return folder / "outputs.npz"

    return for_both_networks(run)


@EACH_NETWORK
def test_the_conversion_gives_the_numbers_of_tensorflow(
    network: str, read_photo: ReadPhoto, tensorflows_numbers: dict[str, Path]
) -> None:
    baked = bake(network)
    inputs = make_inputs(network, read_photo)
    expected = np.load(tensorflows_numbers[network])
    run = NETWORKS[network].load(baked.converted)
    compared = set()
    for key, images in inputs.items():
        outputs = run(np.ascontiguousarray(images))
        for index, output in enumerate(outputs):
            compared.add(f"{key} {index}")
            np.testing.assert_allclose(output, expected[f"{key} {index}"], rtol=0, atol=1e-4)
            # Not equal only because nothing is in it.
            assert np.ptp(output) > 0.01
    assert compared == set(expected.files)


@pytest.mark.parametrize(
    ("network", "shape", "channels"),
    [
        ("ArcFace", ["n", 112, 112, 3], [512]),
        ("RetinaFace", [1, "height", "width", 3], [4, 8, 20] * 3),
    ],
)
def test_the_libraries_can_feed_and_read_it(
    network: str, shape: list[str | int], channels: list[int]
) -> None:
    session = ort.InferenceSession(bake(network).onnx, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    assert entry.shape == shape
    assert entry.type == "tensor(float)"
    assert [output.shape[-1] for output in session.get_outputs()] == channels


@pytest.fixture(scope="module")
def converted_again(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same weights converted once more, from and to other places."""
    bake_model()
    folders = _make_folders(tmp_path_factory)

    def convert(network: str) -> Path:
        folder = folders[network]
        again, moved = folder / "elsewhere" / "again.ncnn", folder / "moved.h5"
        moved.symlink_to(bake(network).weights)
        run_baking("model_build.conversion", network, moved, again)
        return again

    return for_both_networks(convert)


@EACH_NETWORK
def test_the_same_weights_give_the_same_file(
    network: str, converted_again: dict[str, Path]
) -> None:
    baked, again = bake(network), converted_again[network]
    first, second = (
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (baked.converted, again)
    )
    assert first == second
    assert [path.name for path in again.parent.iterdir()] == ["again.ncnn"]


def refusal_of(network: str, weights: Path, folder: Path) -> str:
    """Converts what must be refused; returns the last line that the command prints."""
    converted = folder / "network.ncnn"
    converted.write_bytes(b"of before")
    said = run_baking("model_build.conversion", network, weights, converted, succeeds=False)
    assert "Traceback" not in said
    assert converted.read_bytes() == b"of before"
    assert not list(folder.glob("*.part"))
    return said.splitlines()[-1]


@pytest.mark.parametrize("kept", [0, 0.5, 0.999])
def test_a_file_cut_short_is_refused(kept: float, tmp_path: Path) -> None:
    whole = bake("ArcFace").weights.read_bytes()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole[: int(len(whole) * kept)])
    assert refusal_of("ArcFace", cut, tmp_path).startswith("cut.h5 is not a whole HDF5 file")


def test_what_is_no_hdf5_file_is_refused(read_photo: ReadPhoto, tmp_path: Path) -> None:
    photo = tmp_path / "photo.h5"
    photo.write_bytes(read_photo("person_a_1.jpg"))
    message = refusal_of("RetinaFace", photo, tmp_path)
    assert message.startswith("photo.h5 is not a whole HDF5 file")


def test_the_other_networks_weights_are_refused(tmp_path: Path) -> None:
    bake_model()

    def refuse(network: str) -> str:
        (other,) = set(NETWORKS) - {network}
        folder = tmp_path / network
        folder.mkdir()
        return refusal_of(network, bake(other).weights, folder)

    messages = for_both_networks(refuse)
    arcface, retinaface = messages["ArcFace"], messages["RetinaFace"]
    assert arcface.startswith("retinaface.h5 does not hold the weights of ArcFace")
    assert retinaface.startswith("arcface_weights.h5 does not hold the weights of RetinaFace")


def test_weights_that_no_layer_takes_are_refused(tmp_path: Path) -> None:
    baked: Conversion = bake("RetinaFace")
    odd = tmp_path / "odd.h5"
    odd.write_bytes(baked.weights.read_bytes())
    add = "import h5py, sys; h5py.File(sys.argv[1], 'a')['left_over/kernel'] = [1.0]"
    subprocess.run([BAKE_PYTHON, "-c", add, odd], check=True)
    message = refusal_of("RetinaFace", odd, tmp_path)
    assert message.endswith("of 395 arrays 0 are missing; 1 of the file's are in no layer")
