"""Parses URLs strictly, for a downloader that must check them."""

import re
import string
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from face_contract.errors import DownloadFailed

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_PORT = 65_535
# The request line that common servers accept. Presigned S3 URLs with a session token exceed 2,048.
MAX_URL_CHARS = 8192
# Browsers strip these around a URL.
C0_AND_BLANK = "".join(map(chr, range(0x21)))
# Control characters: browsers and servers drop some and escape others. Backslashes: browsers
# replace them. Both are refused, so that no other program sees another host or path than the one
# checked here.
AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\]")
# Characters that browsers do not escape in a path and in a query (WHATWG URL, percent-encode sets);
# a signed URL must not change.
PATH_SAFE = string.punctuation.translate(dict.fromkeys(map(ord, '"<>^`{}')))
QUERY_SAFE = string.punctuation.translate(dict.fromkeys(map(ord, "\"'<>")))
# A host is a name of ASCII labels without a final dot (which includes IPv4 in any notation), or
# IPv6 in brackets without a zone. Credentials do not match.
AUTHORITY = re.compile(
    r"(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
)

# One message for every refused URL; otherwise it would reveal which internal names exist and which
# ports are open.
REFUSED = (
    "The URL is refused: it must be http or https, without credentials, and lead to a public host"
    " on port 80 or 443."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL.

    `host` has no brackets; `host_header` has them, and the port unless it is the scheme's default.
    `path` includes the query.
    """

    url: str
    scheme: str
    host: str
    port: int
    host_header: str
    path: str


def parse_url(url: str, base: str = "") -> Target:
    """Parses an http or https URL, and escapes its path and query as browsers do.

    International names are mapped to ASCII (UTS 46).

    Args:
        url: may be relative to `base`, if given.
        base: the URL that redirected to `url`.

    Raises:
        DownloadFailed: the URL has another scheme or credentials, is too long, or is written so
            that programs may read it differently.
    """
    try:
        return _split_url(url, base)
    except (KeyError, ValueError) as error:
        raise DownloadFailed(REFUSED) from error


def _split_url(url: str, base: str) -> Target:
    if len(url) > MAX_URL_CHARS:
        raise ValueError("a URL that is too long")
    url = url.strip(C0_AND_BLANK)
    if not url or AMBIGUOUS.search(url):
        raise ValueError("an empty URL or a forbidden character")
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
    # Header bytes that are not UTF-8 arrive as surrogates, and are written back as the same bytes.
    return quote(text, safe=safe, errors="surrogateescape")


def _to_ascii(authority: str) -> str:
    if authority.isascii():
        return authority
    if not authority.isprintable():
        # UTS 46 drops invisible characters.
        raise ValueError("an invisible character or a blank in a host")
    # Imported here because it is rarely needed.
    import idna

    host, colon, port = authority.partition(":")
    return idna.encode(host, uts46=True).decode("ascii") + colon + port
