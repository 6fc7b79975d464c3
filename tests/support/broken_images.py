"""Generates broken images: damaged parts, damaged bytes and false sizes, per format."""

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from hypothesis import strategies as st

from tests.support.image_files import SIZE, read_files
from tests.support.image_parts import Part, join, split

FILES = read_files()
PARTS = {name: split(data, name.split()[0]) for name, data in FILES.items()}

Edit: TypeAlias = Callable[[st.DrawFn, list[Part], int], list[Part]]

# 8000 × 8000 is exactly the limit of decoded pixels; 65,500 is the most a JPEG can have.
SIDES = st.one_of(
    st.sampled_from([0, 1, 2, 119, 121, 8000, 8001, 16_383, 32_768, 65_500, 65_535]),
    st.integers(0, 300),
    st.integers(0, 2**32 - 1),
)
LENGTHS = st.one_of(st.integers(0, 64), st.integers(0, 2**32 - 1))
FLIPS = st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), min_size=1, max_size=8)
KINDS = st.sampled_from(sorted({part.kind for parts in PARTS.values() for part in parts} - {b""}))


def flip(data: bytes, flips: list[tuple[int, int]]) -> bytes:
    """Changes some bytes."""
    changed = bytearray(data)
    for at, mask in flips if data else ():
        changed[at % len(data)] ^= mask
    return bytes(changed)


def drop(_: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    return [*parts[:at], *parts[at + 1 :]]


def double(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    times = draw(st.sampled_from([2, 3, 50]))
    return [*parts[:at], *[parts[at]] * times, *parts[at + 1 :]]


def move(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    rest = drop(draw, parts, at)
    to = draw(st.integers(0, len(rest)))
    return [*rest[:to], parts[at], *rest[to:]]


def corrupt(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    """Corrupts the body but writes the right checksum, so that a decoder reads the body."""
    return put(parts, at, replace(parts[at], body=flip(parts[at].body, draw(FLIPS))))


def cut(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    body = parts[at].body
    return put(parts, at, replace(parts[at], body=body[: draw(st.integers(0, len(body)))]))


def overwrite(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    """Overwrites two or four bytes, the usual size of offsets and lengths in a body."""
    body = parts[at].body
    form, most = draw(st.sampled_from([("<I", 2**32 - 1), (">I", 2**32 - 1), (">H", 0xFFFF)]))
    number = struct.pack(form, draw(SIDES) & most)
    start = draw(st.integers(0, min(len(body), 64)))
    changed = body[:start] + number + body[start + len(number) :]
    return put(parts, at, replace(parts[at], body=changed))


def lie_about_length(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    return put(parts, at, replace(parts[at], length=draw(LENGTHS)))


def lie_about_checksum(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    return put(parts, at, replace(parts[at], checksum=draw(st.integers(0, 2**32 - 1))))


def rename(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    return put(parts, at, replace(parts[at], kind=draw(KINDS)))


def insert(draw: st.DrawFn, parts: list[Part], at: int) -> list[Part]:
    foreign = PARTS[draw(st.sampled_from(sorted(PARTS)))]
    return [*parts[:at], draw(st.sampled_from(foreign)), *parts[at:]]


def put(parts: list[Part], at: int, part: Part) -> list[Part]:
    return [*parts[:at], part, *parts[at + 1 :]]


EDITS: tuple[Edit, ...] = (
    corrupt,
    overwrite,
    cut,
    drop,
    double,
    move,
    insert,
    rename,
    lie_about_length,
    lie_about_checksum,
)


@st.composite
def broken_parts(draw: st.DrawFn, names: st.SearchStrategy[str]) -> bytes:
    """Returns a file in which some parts are missing, moved or false."""
    name = draw(names)
    parts = PARTS[name]
    for edit in draw(st.lists(st.sampled_from(EDITS), min_size=1, max_size=3)):
        if parts:
            parts = edit(draw, parts, draw(st.integers(0, len(parts) - 1)))
    return join(parts, name.split()[0])


@st.composite
def broken_bytes(draw: st.DrawFn, names: st.SearchStrategy[str]) -> bytes:
    """Returns a file with flipped bytes, cut off, or with another file's end."""
    name = draw(names)
    data = flip(FILES[name], draw(st.one_of(st.just([]), FLIPS)))
    end = draw(st.integers(0, len(data)))
    other = FILES[draw(names)]
    return data[:end] + draw(st.sampled_from([b"", data[end:], other[end:], bytes(1000)]))


@st.composite
def lying_sizes(draw: st.DrawFn, names: st.SearchStrategy[str]) -> bytes:
    """Returns a file with a false width and height, everywhere or in one place."""
    name = draw(names)
    kind, parts = name.split()[0], PARTS[name]
    # Only one in ten has exactly the limit: decoding 64 megapixels takes more than a second.
    whole = draw(st.integers(0, 9)) == 9
    size = (8000, 8000) if whole else draw(st.tuples(SIDES, SIDES))
    changed = [replace(part, body=say_size(part.body, kind, *size)) for part in parts]
    places = [at for at, part in enumerate(parts) if changed[at] != part]
    chosen = draw(st.sampled_from([places, *([at] for at in places)]))
    return join([changed[at] if at in chosen else parts[at] for at in range(len(parts))], kind)


def say_size(body: bytes, kind: str, width: int, height: int) -> bytes:
    """Overwrites the true size in a part, if the part contains it."""
    for true, lie in zip(sizes(kind, *SIZE), sizes(kind, width, height), strict=True):
        body = body.replace(true, lie)
    return body


def sizes(kind: str, width: int, height: int) -> list[bytes]:
    """Returns the encodings of a size in a format, as far as its fields can hold it."""
    w, h = width & 0xFFFF, height & 0xFFFF
    match kind:
        case "JPEG":
            return [struct.pack(">HH", h, w)]
        case "GIF":
            return [struct.pack("<HH", w, h)]
        case "BMP":
            return [struct.pack("<II", width, height)]
        case "TIFF":
            tags = [(256, width), (257, height)]
            return [struct.pack("<HHII", tag, 4, 1, side) for tag, side in tags] + [
                struct.pack("<HHIHH", tag, 3, 1, side & 0xFFFF, 0) for tag, side in tags
            ]
        case "WEBP":
            w, h = width & 0x3FFF, height & 0x3FFF
            canvas = b"".join(
                (side - 1 & 0xFFFFFF).to_bytes(3, "little") for side in (width, height)
            )
            packed = (w - 1 & 0x3FFF) | (h - 1 & 0x3FFF) << 14
            alpha = [struct.pack("<BI", 0x2F, packed | bit << 28) for bit in (0, 1)]
            return [b"\x9d\x01\x2a" + struct.pack("<HH", w, h), canvas, *alpha]
        case _:
            return [struct.pack(">II", width, height)]


def broken_images(kind: str) -> st.SearchStrategy[bytes]:
    """Returns a strategy for broken files of one format."""
    names = st.sampled_from([name for name in FILES if name.split()[0] == kind])
    return st.one_of(broken_parts(names), broken_bytes(names), lying_sizes(names))
