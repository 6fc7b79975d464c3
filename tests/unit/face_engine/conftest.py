"""Servers that downloads meet, and people that photos are composed of."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from face_engine.detection.tilt import StraighteningDetector
from face_engine.detection.yunet import YuNetDetector
from face_engine.faces import Photo
from tests.support.composites import Subject
from tests.support.downloads import PHOTO, Serve
from tests.support.labels import PORTRAITS
from tests.support.paths import MODEL_DIR
from tools.loopback_server import Reply, Server, http_response, running


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers: with a reply of fixed bytes, or a function of the path."""
    with ExitStack() as stack:

        def start(reply: bytes | Reply = b"", **options: Any) -> Server:
            given = reply if callable(reply) else lambda _, send: send(reply)
            return stack.enter_context(running(given, **options))

        yield start


@pytest.fixture(scope="module")
def canary() -> Iterator[Server]:
    """Listens on every local address, IPv6 too where there is any."""
    host = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"
    with running(lambda _, send: send(http_response(PHOTO)), host=host) as server:
        yield server


@pytest.fixture(scope="session")
def subjects(decode_photo: Callable[[str], Photo]) -> list[Subject]:
    """The people of the portraits, to compose photos of."""
    file = MODEL_DIR / "face_detection_yunet_2023mar_int8bq.onnx"
    detector = StraighteningDetector(YuNetDetector(file.read_bytes()))
    images = {portrait: decode_photo(portrait.file).rgb for portrait in PORTRAITS}
    return [
        Subject(image, portrait.person, detector.detect(image)[0])
        for portrait, image in images.items()
    ]
