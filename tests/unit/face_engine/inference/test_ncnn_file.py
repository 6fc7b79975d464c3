"""Numbers beside a network are read as they were written; other files are refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_engine.inference.ncnn_file import FORMAT, read_graph, read_numbers
from face_engine.inference.ncnn_network import NcnnNetwork
from model_build.ncnn_graph import Layer, to_bytes, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@given(before=st.integers(0, 200), count=st.integers(1, 3000), name_length=st.integers(1, 99))
def test_numbers_beside_a_network_are_those_that_were_written(
    before: int, count: int, name_length: int, folder: Path
) -> None:
    numbers = np.random.default_rng(count).random(count, np.float32)
    file = folder / "network.ncnn"
    layer = Layer("ReLU", ["image"], "b" * name_length, weights=[bytes(before)])
    write([layer], file, to_bytes(numbers))
    np.testing.assert_array_equal(read_numbers(file, count), numbers)
    assert read_graph(file).splitlines()[-1].startswith("ReLU")


def test_the_network_does_not_see_them(folder: Path) -> None:
    file = folder / "relu.ncnn"
    write([Layer("ReLU", ["image"], "out0")], file, to_bytes(np.ones(5000)))
    image = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    (output,) = NcnnNetwork(file, kept_pixels=0).run(image)
    np.testing.assert_array_equal(output, np.maximum(image, 0))


def test_other_files_are_refused(folder: Path) -> None:
    file = folder / "other.ncnn"
    write([Layer("ReLU", ["image"], "out0")], file)
    content = file.read_bytes()
    for number in (0, FORMAT - 1, FORMAT + 1):
        # Before it had a format, the length took eight bytes.
        file.write_bytes(content[:-4] + number.to_bytes(4, "little"))
        with pytest.raises(ValueError, match="by another version of the bake"):
            NcnnNetwork(file, kept_pixels=0)
    for broken in (b"", content[-7:], content[-8:], content[9:], b"\xff" * 100):
        file.write_bytes(broken)
        with pytest.raises(ValueError, match="is not a network of ncnn"):
            read_graph(file)
    file.write_bytes(content)
    with pytest.raises(ValueError, match="is not a network of ncnn"):
        read_numbers(file, len(content))
