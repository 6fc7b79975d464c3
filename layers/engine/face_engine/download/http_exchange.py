"""One HTTP exchange over a new connection to addresses that are already checked.

The only module that uses the HTTP library. The downloader imports it on first use.
"""

import logging
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import httpcore2

from face_contract import __version__
from face_contract.errors import DownloadFailed, ServiceError
from face_engine.download.addresses import IPAddress
from face_engine.download.content_coding import TOO_LARGE, decode_content
from face_engine.download.url import Target

# At DEBUG the library logs hosts and redirects, and a client's URL may contain a secret.
logging.getLogger("httpcore2").setLevel(logging.WARNING)

HEADERS = (
    ("User-Agent", f"face-embeddings/{__version__}"),
    ("Accept", "*/*"),
    # Compression hardly makes images smaller.
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
)

# Returns the seconds left; raises a ServiceError when the time is up.
Remaining: TypeAlias = Callable[[], float]

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


class DeadlineStream(httpcore2.NetworkStream):
    """A connection that applies the deadline to every call, however slowly bytes arrive."""

    def __init__(self, stream: httpcore2.NetworkStream, remaining_s: Remaining) -> None:
        self._stream = stream
        self._remaining_s = remaining_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Reads available bytes."""
        return self._stream.read(max_bytes, self._remaining_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Sends a whole request; ours are short enough for one system call."""
        self._stream.write(buffer, self._remaining_s())

    def close(self) -> None:
        """Closes the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Starts TLS with the host name of the URL."""
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, self._remaining_s())
        except ServiceError:
            self.close()
            raise
        return DeadlineStream(stream, self._remaining_s)

    def get_extra_info(self, info: str) -> object:
        """Returns connection details for the HTTP library."""
        return self._stream.get_extra_info(info)


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the given addresses, ignoring the host name in the request."""

    def __init__(self, addresses: Sequence[IPAddress], remaining_s: Remaining) -> None:
        self._addresses = addresses
        self._remaining_s = remaining_s

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connects to the first address that accepts; each attempt gets its share of the time."""
        failure: Exception = httpcore2.ConnectError()
        for tried, address in enumerate(self._addresses):
            share_s = self._remaining_s() / (len(self._addresses) - tried)
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    str(address), port, share_s, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return DeadlineStream(stream, self._remaining_s)
        raise failure


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect; `location` is the header's value, unchecked."""

    location: str


def request_body(
    target: Target,
    addresses: Sequence[IPAddress],
    ssl_context: ssl.SSLContext | None,
    max_bytes: int,
    remaining_s: Remaining,
) -> bytes | Redirect:
    """Requests a target and returns its body, decompressed, or the redirect.

    Args:
        target: what to request. Its host is sent to the server and checked against the certificate,
            but never resolved.
        addresses: where to connect, tried in this order.
        ssl_context: trusted certificates; needed for https only.
        max_bytes: inclusive limit for the body, both as sent and decompressed.
        remaining_s: returns the seconds left for the whole exchange.

    Raises:
        DownloadFailed: the exchange failed.
        ServiceError: raised by `remaining_s`.
    """
    url = httpcore2.URL(
        scheme=target.scheme, host=target.host, port=target.port, target=target.path
    )
    headers = [("Host", target.host_header), *HEADERS]
    backend = PinnedBackend(addresses, remaining_s)
    try:
        with (
            httpcore2.HTTPConnection(
                url.origin, ssl_context, network_backend=backend
            ) as connection,
            connection.stream("GET", url, headers=headers) as answer,
        ):
            if answer.status in REDIRECT_STATUSES:
                return Redirect(_header(answer, b"location"))
            return _read_body(answer, max_bytes, remaining_s)
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
    ) as error:
        # Raises the deadline's own error if the deadline caused the failure.
        remaining_s()
        raise DownloadFailed from error


def make_ssl_context() -> ssl.SSLContext:
    """Returns a context that trusts the system's certificates; takes about 20 ms."""
    return httpcore2.default_ssl_context()


def _header(answer: httpcore2.Response, name: bytes) -> str:
    """Returns a header's values, joined, or "". Bytes that are not UTF-8 are escaped."""
    values = [value for key, value in answer.headers if key.lower() == name]
    return b",".join(values).decode("utf-8", "surrogateescape")


def _read_body(answer: httpcore2.Response, max_bytes: int, remaining_s: Remaining) -> bytes:
    if not 200 <= answer.status < 300:  # noqa: PLR2004
        raise DownloadFailed
    if int(_header(answer, b"content-length") or 0) > max_bytes:
        raise DownloadFailed(TOO_LARGE)
    body = bytearray()
    for chunk in answer.iter_stream():
        # A single read may contain thousands of tiny chunks.
        remaining_s()
        body += chunk
        if len(body) > max_bytes:
            raise DownloadFailed(TOO_LARGE)
    content = decode_content(
        bytes(body), _header(answer, b"content-encoding"), max_bytes, remaining_s
    )
    if not content:
        raise DownloadFailed
    return content
