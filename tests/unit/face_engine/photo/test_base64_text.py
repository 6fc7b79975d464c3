import base64

import pytest

from face_contract.errors import InvalidImage, PayloadTooLarge
from face_engine.photo import decode_base64


def test_plain_base64() -> None:
    assert decode_base64(base64.b64encode(b"a photo").decode(), 7) == b"a photo"


@pytest.mark.parametrize(
    "text",
    [
        "data:image/jpeg;base64,+/+/AAE=",
        "DATA:image/jpeg;name=x.jpg;BASE64,+/+/AAE=",
        "data:;base64,+/+/AAE",
        "+/+/\r\nAAE=\n",
        " +/ +/AA\tE= ",
        "\n data:image/png;base64,+/+/AAE=",
        "data:image/png; base64 , +/+/AAE=",
        "+/+/AAE",
        "-_-_AAE=",
    ],
)
def test_tolerated_spellings_of_base64(text: str) -> None:
    assert decode_base64(text, 100) == bytes.fromhex("fbffbf0001")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "=",
        "A",
        "AAAAA",
        "!!!!",
        "AA=A",
        "AAAA====AAAA",
        "data:image/jpeg,AAAA",
        "data:image/jpeg;base64",
        "data:image/jpeg;base64,",
        "https://example.com/a.jpg",
        "\ud800AAA",
        "ÄÄÄÄ",
        "/etc/passwd.jpg",
    ],
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(InvalidImage):
        decode_base64(text, 100)


def test_the_size_limit_is_inclusive() -> None:
    text = base64.b64encode(bytes(1000)).decode()
    assert len(decode_base64(text, 1000)) == 1000
    with pytest.raises(PayloadTooLarge) as caught:
        decode_base64(text, 999)
    assert caught.value.details == {"limit_bytes": 999}
