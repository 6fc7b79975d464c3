"""Base64 in all spellings: those of the contract are read alike, the others refused."""

import base64
import io
import re
from typing import Any, NamedTuple

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import ReadPhoto
from tests.support.checked_requests import post_image
from tests.support.photo_files import encode

WHITE_SPACE = " \t\r\n\v\f"
PREFIXES = ("", "data:;base64,", "data:image/png;base64,", "DATA:image/jpeg; charset=x ;BASE64,")


@pytest.fixture(scope="module")
def photo(read_photo: ReadPhoto) -> bytes:
    return encode(Image.open(io.BytesIO(read_photo("person_a_1.jpg"))).resize((120, 140)), "WEBP")


@pytest.fixture(scope="module")
def embedding(local_service: httpx.Client, photo: bytes) -> list[float]:
    numbers: list[float] = post_image(local_service, base64.b64encode(photo).decode())["embedding"]
    return numbers


class Spelling(NamedTuple):
    prefix: str
    space: str
    every: int
    url_safe: bool
    padded: bool

    def write(self, data: bytes) -> str:
        encode = base64.urlsafe_b64encode if self.url_safe else base64.b64encode
        text = encode(data).decode()
        text = text if self.padded else text.rstrip("=")
        return self.space + self.prefix + re.sub(f"(.{{{self.every}}})", rf"\1{self.space}", text)


SPELLINGS = st.builds(
    Spelling,
    st.sampled_from(PREFIXES),
    st.text(WHITE_SPACE, max_size=4),
    st.integers(1, 100),
    st.booleans(),
    st.booleans(),
)


@given(SPELLINGS)
def test_every_spelling_gives_the_same_embedding(
    local_service: httpx.Client, photo: bytes, embedding: list[float], spelling: Spelling
) -> None:
    assert post_image(local_service, spelling.write(photo))["embedding"] == embedding


DIGITS = st.binary(max_size=300).map(lambda data: base64.b64encode(data).decode())
ODD = st.one_of(
    st.text(max_size=5),
    st.text("=-_+/,;:% \0\n", max_size=5),
    # Half a surrogate pair is valid in JSON, and no text.
    st.characters(categories=["Cs"]),
    st.sampled_from(["data:", "data:,", "data:;base64", ";base64,", "data:image/png;base64,"]),
    # Digits elsewhere in Unicode.
    st.sampled_from(["\uff21", "\u0661", "\u212a"]),
)


@given(parts=st.lists(st.one_of(DIGITS, ODD), max_size=6), options=st.booleans())
def test_what_is_no_image_is_refused(
    local_service: httpx.Client, parts: list[str], options: bool
) -> None:
    choices: dict[str, Any] = {"enforce_detection": options, "align": options}
    answer = post_image(local_service, "".join(parts), **choices)
    assert answer["error"]["code"] == "INVALID_IMAGE"
