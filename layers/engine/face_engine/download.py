"""The guarded downloader: what a client's URL leads to, without leading inside."""

import queue
import re
import socket
import ssl
import string
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv6Address, ip_address
from typing import TypeAlias
from urllib.parse import quote, urljoin, urlsplit

from face_contract.deadline import NEVER, Deadline
from face_contract.errors import DownloadFailed
from face_engine.addresses import IPAddress, is_public

# From the name of a host to the text of its addresses. OSError or ValueError: there are none.
Resolve: TypeAlias = Callable[[str], Sequence[str]]

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_REDIRECTS = 3
MAX_PORT = 65_535
# Of look-ups at a time, those that hang included.
MOST_LOOKUPS = 64
# What common servers take as a request line. Presigned S3 URLs with a session token pass 2,048.
MAX_URL_CHARS = 8192
# Browsers drop these around a URL.
C0_AND_BLANK = "".join(map(chr, range(0x21)))
# Control characters: browsers drop some and escape others, and so do servers. Backslashes: browsers
# turn them. Both are refused, so that nobody reads another host or path than was checked.
AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\]")
# What browsers leave as it is in a path and in a query (WHATWG URL, percent-encode sets); a signed
# URL must stay as it was signed.
PATH_SAFE = string.punctuation.translate(dict.fromkeys(map(ord, '"<>^`{}')))
QUERY_SAFE = string.punctuation.translate(dict.fromkeys(map(ord, "\"'<>")))
# A host is a name of ASCII labels without the final dot, IPv4 in any spelling included, or IPv6
# in brackets without a zone. No room for credentials.
AUTHORITY = re.compile(
    r"(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
)

# What a client learns: one sentence for each group of causes, or else they would tell which names
# exist inside and which ports are open. What fails after that gets the error's own sentence.
REFUSED = (
    "The URL is refused: it must be http or https, without credentials, and lead to a public host"
    " on port 80 or 443."
)
TOO_SLOW = "The download took too long."
TOO_MANY_REDIRECTS = "The URL redirects too often."


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart.

    `host` has no brackets; `host_header` has them, and the port unless it is the scheme's own.
    `path` includes the query.
    """

    url: str
    scheme: str
    host: str
    port: int
    host_header: str
    path: str


def parse_url(url: str, base: str = "") -> Target:
    """Takes an http or https URL apart, and escapes its path and query as browsers do.

    Names in other scripts are mapped to ASCII (UTS 46).

    Args:
        url: may be relative to `base`, if there is one.
        base: what answered with a redirect to `url`.

    Raises:
        DownloadFailed: it is anything else, too long, or spelt in a way that others may read
            otherwise.
    """
    try:
        return _split_url(url, base)
    except (KeyError, ValueError) as error:
        raise DownloadFailed(REFUSED) from error


def _split_url(url: str, base: str) -> Target:
    if len(url) > MAX_URL_CHARS:
        raise ValueError("an endless URL")
    url = url.strip(C0_AND_BLANK)
    if not url or AMBIGUOUS.search(url):
        raise ValueError("an empty URL, or a character that has no place in one")
    url = urljoin(base, url)
    parts = urlsplit(url)
    default_port = DEFAULT_PORTS[parts.scheme]
    authority = AUTHORITY.fullmatch(_to_ascii(parts.netloc).lower())
    if authority is None:
        raise ValueError("not a host, or a host and a port")
    host, port = authority["host"], int(authority["port"] or default_port)
    if not 0 < port <= MAX_PORT:
        raise ValueError("not a port")
    if host.startswith("["):
        IPv6Address(host[1:-1])
    path = _escape(parts.path or "/", PATH_SAFE)
    query = _escape(parts.query, QUERY_SAFE)
    return Target(
        url=url,
        scheme=parts.scheme,
        host=host.strip("[]"),
        port=port,
        host_header=host if port == default_port else f"{host}:{port}",
        path=f"{path}?{query}" if query else path,
    )


def _escape(text: str, safe: str) -> str:
    # Bytes of a header that are not UTF-8 come as surrogates, and leave as they came.
    return quote(text, safe=safe, errors="surrogateescape")


def _to_ascii(authority: str) -> str:
    if authority.isascii():
        return authority
    if not authority.isprintable():
        # UTS 46 drops invisible characters.
        raise ValueError("an invisible character or a blank in a host")
    # Rarely needed.
    import idna

    host, colon, port = authority.partition(":")
    return idna.encode(host, uts46=True).decode("ascii") + colon + port


def resolve_host(host: str) -> list[str]:
    """Asks the system for the addresses of a host. It decides what `127.1` means, too.

    Raises:
        OSError: there are none.
        ValueError: this is no name.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


_lookups = threading.BoundedSemaphore(MOST_LOOKUPS)


def look_up(resolve: Resolve, host: str, deadline: Deadline) -> list[IPAddress]:
    """Returns the addresses of a host; none when the answer is that there are none.

    Raises:
        ServiceError: there is no answer in time.
    """
    found: queue.SimpleQueue[list[IPAddress]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found.put([ip_address(text) for text in dict.fromkeys(resolve(host))])
        except (OSError, ValueError):
            found.put([])
        finally:
            _lookups.release()

    with suppress(queue.Empty):
        if _lookups.acquire(timeout=deadline.remaining_s()):
            # The system's resolver knows no timeout: a name that hangs keeps a thread for a while.
            threading.Thread(target=ask, name="resolve", daemon=True).start()
            return found.get(timeout=deadline.remaining_s())
    deadline.check()
    raise DownloadFailed(TOO_SLOW)


@dataclass(frozen=True)
class Downloader:
    """Downloads from public hosts, each time over a fresh connection. Threads may share it.

    Args:
        allowed_hosts: private hosts that are allowed on any port ("photos.internal"), or on one
            ("10.0.0.7:8080", "[fd00::7]:80"). Names as in URLs, compared in lower case. What else
            resolves to the same address stays refused.
        timeout_s: for all of a download: names, connections, redirects and the body.
        max_bytes: of the body, both as sent and decompressed; inclusive.
        ports: of hosts that are not in `allowed_hosts`.
        resolve: asked once for each URL, from a thread of its own.
        ssl_context: whose certificates are trusted, or None for those that the system trusts.
    """

    allowed_hosts: frozenset[str]
    timeout_s: float
    max_bytes: int
    ports: frozenset[int] = frozenset(DEFAULT_PORTS.values())
    resolve: Resolve = resolve_host
    ssl_context: ssl.SSLContext | None = None

    def download(self, url: str, until: Deadline = NEVER) -> bytes:
        """Returns the body that an http or https URL answers with.

        Args:
            url: where the client says that an image is.
            until: the end of the request's time, if that comes before `timeout_s` is over.

        Raises:
            DownloadFailed: it is refused, at the first URL or after a redirect; or fails, or takes
                too long, or is too large. Says nothing about what was found where.
            TimedOut: `until` has come.
        """
        is_last = until.remaining_s() < self.timeout_s
        deadline = until if is_last else Deadline(self.timeout_s, lambda: DownloadFailed(TOO_SLOW))
        # Some 30 ms that requests without a URL need not wait for.
        from face_engine.network import request_body

        target = parse_url(url)
        for _ in range(1 + MAX_REDIRECTS):
            addresses = self._find_addresses(target, deadline)
            trust = self._trust if target.scheme == "https" else None
            answer = request_body(target, addresses, trust, self.max_bytes, deadline.remaining_s)
            if isinstance(answer, bytes):
                return answer
            target = parse_url(answer.location, base=target.url)
        raise DownloadFailed(TOO_MANY_REDIRECTS)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        from face_engine.network import make_ssl_context

        return make_ssl_context() if self.ssl_context is None else self.ssl_context

    def _find_addresses(self, target: Target, deadline: Deadline) -> list[IPAddress]:
        """Resolves a target's host, once, so that what is connected to is what was checked."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        allowed = {entry.lower() for entry in self.allowed_hosts}
        is_allowed = not allowed.isdisjoint({host, f"{host}:{target.port}"})
        if not is_allowed and target.port not in self.ports:
            raise DownloadFailed(REFUSED)
        addresses = look_up(self.resolve, target.host, deadline)
        # An unknown name and a private one get the same answer: what exists inside is not told.
        if not addresses or not (is_allowed or all(map(is_public, addresses))):
            raise DownloadFailed(REFUSED)
        return addresses
