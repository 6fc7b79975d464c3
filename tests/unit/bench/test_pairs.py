"""The file of pairs, good and bad."""

from pathlib import Path

import pytest

from bench.pairs import InvalidPairs, Pair, read_pairs

HEADER = "image1,image2,same\n"
GOOD = "a.jpg,b.jpg,1\na.jpg,sub/c.jpg,0\n"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "sub/c.jpg", "with, comma.jpg"):
        (folder / name).touch()
    (tmp_path / "secret.jpg").touch()
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    return folder


def read(images: Path, content: str | bytes) -> list[Pair]:
    path = images.parent / "pairs.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_pairs(path, images)


def test_pairs_are_read_in_order(images: Path) -> None:
    assert read(images, HEADER + GOOD) == [
        Pair(images / "a.jpg", images / "b.jpg", True),
        Pair(images / "a.jpg", images / "sub" / "c.jpg", False),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEADER + GOOD,
        (HEADER + GOOD).replace("\n", "\r\n"),
        HEADER + "\n , ,\n" + GOOD + "\n\n",
        "same, image2, image1\n TRUE, b.jpg, a.jpg\nno,sub/c.jpg,a.jpg",
        HEADER + "a.jpg,b.jpg,1\na.jpg,sub/../sub/c.jpg,false\n",
    ],
    ids=["byte order mark", "CRLF", "empty lines", "order of columns, spaces", "dots inside"],
)
def test_what_spreadsheets_and_people_write_is_read(images: Path, content: str) -> None:
    files = [{pair.image1.name, pair.image2.name} for pair in read(images, content)]
    assert files == [{"a.jpg", "b.jpg"}, {"a.jpg", "c.jpg"}]


def test_a_name_may_be_quoted(images: Path) -> None:
    pairs = read(images, HEADER + GOOD + 'a.jpg,"with, comma.jpg",0\n')
    assert pairs[-1].image2.name == "with, comma.jpg"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("a.jpg,b.jpg", "line 4: it has 2 columns instead of 3."),
        ("a.jpg,b.jpg,1,x", "line 4: it has 4 columns instead of 3."),
        ("a.jpg,b.jpg,maybe", "line 4: same must be 1 or 0 and is maybe."),
        ("a.jpg,b.jpg,", "line 4: same must be 1 or 0 and is empty."),
        (",b.jpg,1", "line 4: image1 is empty."),
        ("a.jpg,none.jpg,1", "line 4: image2 does not exist in the folder of images: none.jpg."),
        ("a.jpg,sub,1", "line 4: image2 does not exist in the folder of images: sub."),
        ("a.jpg,../secret.jpg,1", "image2 lies outside of the folder of images: ../secret.jpg."),
        ("/etc/passwd,a.jpg,1", "image1 lies outside of the folder of images: /etc/passwd."),
        ("link.jpg,a.jpg,1", "image1 lies outside of the folder of images: link.jpg."),
        ("a.jpg,sub/../a.jpg,1", "line 4: image1 and image2 are one and the same file."),
        ("b.jpg,a.jpg,0", "line 4: an earlier line labels the same two images otherwise."),
        ('"a.jpg,b.jpg,1', "line 4: it is not CSV: unexpected end of data."),
        ("a\0.jpg,b.jpg,1", "line 4: image1 is not a file name."),
    ],
)
def test_a_bad_row_is_one_sentence_with_its_line(images: Path, row: str, sentence: str) -> None:
    with pytest.raises(InvalidPairs) as caught:
        read(images, HEADER + GOOD + row)
    assert str(caught.value).endswith(sentence)
    assert f"{images.parent / 'pairs.csv'}, line 4: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: the header must be image1,image2,same and is empty."),
        ("a,b,same\n", "line 1: the header must be image1,image2,same and is a,b,same."),
        ("image1;image2;same\n", "same and is image1;image2;same."),
        (HEADER, "there must be a pair of the same person and one of two people, at least."),
        (HEADER + "a.jpg,b.jpg,1\n", "there must be a pair of the same person and one of two"),
        (HEADER.encode() + b"\xff.jpg,b.jpg,1\n", "it is not UTF-8 text."),
    ],
)
def test_a_file_that_cannot_be_used(images: Path, content: str | bytes, sentence: str) -> None:
    with pytest.raises(InvalidPairs) as caught:
        read(images, content)
    assert sentence in str(caught.value)


def test_missing_files_and_folders(images: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidPairs, match="cannot be read: No such file"):
        read_pairs(tmp_path / "none.csv", images)
    with pytest.raises(InvalidPairs, match="there is no such folder of images"):
        read(tmp_path / "none", HEADER)
