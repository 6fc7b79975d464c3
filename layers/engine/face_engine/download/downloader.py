"""SSRF-safe downloader for clients' URLs: connects to public hosts only."""

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
    """Downloads from public hosts, over a new connection each time. Thread-safe.

    Args:
        allowed_hosts: private hosts that are allowed on any port ("photos.internal") or on one
            ("10.0.0.7:8080", "[fd00::7]:80"). Names are written as in URLs and compared in lower
            case. Other names of the same address stay refused.
        timeout_s: limit for a whole download: name look-ups, connections, redirects and body.
        max_bytes: inclusive limit for the body, both as sent and decompressed.
        ports: allowed ports of hosts that are not in `allowed_hosts`.
        resolve: called once for each URL, in a separate thread.
        ssl_context: trusted certificates; None for those that the system trusts.
    """

    allowed_hosts: frozenset[str]
    timeout_s: float
    max_bytes: int
    ports: frozenset[int] = frozenset(DEFAULT_PORTS.values())
    resolve: Resolve = resolve_host
    ssl_context: ssl.SSLContext | None = None

    def download(self, url: str, until: Deadline = NEVER) -> bytes:
        """Downloads an http or https URL and returns the body.

        Args:
            url: the client's URL of an image.
            until: the deadline of the request; it applies if it is earlier than `timeout_s` from
                now.

        Raises:
            DownloadFailed: a URL (the first, or that of a redirect) is refused, or the download
                fails, takes too long or is too large. The message does not reveal what is on the
                network.
            TimedOut: `until` has passed.
        """
        is_last = until.remaining_s() < self.timeout_s
        deadline = until if is_last else Deadline(self.timeout_s, lambda: DownloadFailed(TOO_SLOW))
        # The import takes about 30 ms, which requests without a URL should not pay.
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
        """Resolves a target's host once, so that the addresses checked are those connected to."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        allowed = {entry.lower() for entry in self.allowed_hosts}
        is_allowed = not allowed.isdisjoint({host, f"{host}:{target.port}"})
        if not is_allowed and target.port not in self.ports:
            raise DownloadFailed(REFUSED)
        addresses = look_up(self.resolve, target.host, deadline)
        # Unknown and private names get the same answer, so that nobody can probe internal names.
        if not addresses or not (is_allowed or all(map(is_public, addresses))):
            raise DownloadFailed(REFUSED)
        return addresses
