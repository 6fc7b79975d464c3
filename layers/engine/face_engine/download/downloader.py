"""The SSRF-safe downloader: fetches what a client's URL refers to, from public hosts only."""

import ssl
from dataclasses import dataclass
from functools import cached_property

from face_contract.deadline import NEVER, Deadline
from face_contract.errors import DownloadFailed
from face_engine.download.addresses import IPAddress, is_public
from face_engine.download.resolving import TOO_SLOW, Resolve, look_up, resolve_host
from face_engine.download.url import DEFAULT_PORTS, REFUSED, Target, parse_url

MAX_REDIRECTS = 3
TOO_MANY_REDIRECTS = "The URL redirects too often."


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
        from face_engine.download.http_exchange import request_body

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
        from face_engine.download.http_exchange import make_ssl_context

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
