"""Servers that downloads meet."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.downloads import PHOTO, Serve
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
