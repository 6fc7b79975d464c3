"""A network that is limited to loopback: names have made-up addresses."""

import socket
import zlib
from ipaddress import ip_address
from typing import Any

import pytest

# The address of each name. Public addresses must be tried, all others must not.
ANSWERS: tuple[tuple[str, ...], ...] = (
    (),
    ("8.8.8.8",),
    ("2606:4700::1111",),
    ("10.0.0.7",),
    ("8.8.8.8", "127.0.0.1"),
    ("169.254.169.254",),
    ("::1",),
    ("::ffff:10.0.0.7",),
    ("64:ff9b::7f00:1",),
    ("fe80::1%lo",),
    ("2606:4700::1111", "fd00::7"),
)


class Network:
    """Records attempted connections; allows those to loopback and refuses the others."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, int]] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replaces the system's resolver, and connections to other hosts than loopback."""
        ask, connect = socket.getaddrinfo, socket.socket.connect

        def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
            try:
                # The system decides what is a numeric address, which includes `127.1` and
                # `0x7f000001`.
                return ask(host, port, *args, **{**kwargs, "flags": socket.AI_NUMERICHOST})
            except socket.gaierror:
                found = ANSWERS[zlib.crc32(str(host).encode()) % len(ANSWERS)]
                if not found:
                    raise
            return [(0, socket.SOCK_STREAM, 0, "", (address, port)) for address in found]

        def connect_near(self_: socket.socket, address: Any) -> None:
            if self_.family in (socket.AF_INET, socket.AF_INET6):
                self.tried.append((address[0], address[1]))
                if not ip_address(address[0]).is_loopback:
                    raise ConnectionRefusedError
            connect(self_, address)

        patch.setattr(socket, "getaddrinfo", resolve)
        patch.setattr(socket.socket, "connect", connect_near)
