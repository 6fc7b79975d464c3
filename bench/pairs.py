"""Reads the labelled pairs of `make evaluate` and `make quality`.

They are a CSV file with the header `image1,image2,same`.

`image1` and `image2` are image files inside the folder of images, relative to it. `same` is 1 (or
true, yes) for two photos of one person, and 0 (or false, no) for two people. The columns may be in
any order. UTF-8, commas, one pair per line; empty lines are skipped.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("image1", "image2", "same")
LABELS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class InvalidPairs(ValueError):
    """The pairs file cannot be used; the message names the line where one is at fault."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two image files (absolute, resolved paths), and whether they show one person."""

    image1: Path
    image2: Path
    same: bool


def create_parser(description: str, results: Path) -> argparse.ArgumentParser:
    """Returns the parser of a command that measures labelled pairs.

    Args:
        description: what the command does.
        results: the default folder for its results.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--pairs", type=Path, required=True, help="CSV: image1,image2,same")
    parser.add_argument("--images", type=Path, required=True, help="the folder of the images")
    parser.add_argument("--out", type=Path, default=results, help="the folder for the results")
    return parser


def read_pairs(path: Path, images: Path) -> list[Pair]:
    """Reads all pairs in the order of the file.

    Args:
        path: the CSV file.
        images: the folder to which its paths are relative.

    Raises:
        InvalidPairs: the file cannot be read; a row is not as described above, names a missing
            file, names one file twice, or repeats a pair with another label; or one of the two
            kinds of pairs is missing.
    """
    root = images.resolve()
    if not root.is_dir():
        raise InvalidPairs(f"{images}: there is no such folder of images.")
    pairs: list[Pair] = []
    labels: dict[frozenset[Path], bool] = {}
    for line, row in _read_rows(path):
        try:
            pair = _read_pair(row, root)
        except InvalidPairs as error:
            raise InvalidPairs(f"{path}, line {line}: {error}.") from error
        if labels.setdefault(frozenset((pair.image1, pair.image2)), pair.same) != pair.same:
            raise InvalidPairs(
                f"{path}, line {line}: an earlier line labels the same two images otherwise."
            )
        pairs.append(pair)
    if {pair.same for pair in pairs} != {True, False}:
        raise InvalidPairs(
            f"{path}: there must be a pair of the same person and one of two people, at least."
        )
    return pairs


def _read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    # Spreadsheet programs may write a byte order mark before the header.
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            if sorted(header) != sorted(COLUMNS):
                raise InvalidPairs(
                    f"{path}, line 1: the header must be {','.join(COLUMNS)}"
                    f" and is {','.join(header) or 'empty'}."
                )
            for row in reader:
                if not any(map(str.strip, row)):
                    continue
                if len(row) != len(header):
                    raise InvalidPairs(
                        f"{path}, line {reader.line_num}: it has {len(row)} columns"
                        f" instead of {len(header)}."
                    )
                values = map(str.strip, row)
                yield reader.line_num, dict(zip(header, values, strict=True))
    except csv.Error as error:
        raise InvalidPairs(f"{path}, line {reader.line_num}: it is not CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise InvalidPairs(f"{path}: it is not UTF-8 text.") from error
    except OSError as error:
        raise InvalidPairs(f"{path}: it cannot be read: {error.strerror}.") from error


def _read_pair(row: dict[str, str], root: Path) -> Pair:
    image1, image2 = _find_image(row, "image1", root), _find_image(row, "image2", root)
    if image1 == image2:
        raise InvalidPairs("image1 and image2 are one and the same file")
    same = LABELS.get(row["same"].lower())
    if same is None:
        raise InvalidPairs(f"same must be 1 or 0 and is {row['same'] or 'empty'}")
    return Pair(image1, image2, same)


def _find_image(row: dict[str, str], column: str, root: Path) -> Path:
    name = row[column]
    if not name:
        raise InvalidPairs(f"{column} is empty")
    if "\0" in name:
        raise InvalidPairs(f"{column} is not a file name")
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise InvalidPairs(f"{column} lies outside of the folder of images: {name}")
    if not path.is_file():
        raise InvalidPairs(f"{column} does not exist in the folder of images: {name}")
    return path
