"""Takes URLs apart, as strictly as a guarded download needs it."""

import re
import string
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from face_contract.errors import DownloadFailed

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_PORT = 65_535
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

# One sentence for every URL that is refused, or the message would show which names exist inside and
# which ports are open.
REFUSED = (
    "The URL is refused: it must be http or https, without credentials, and lead to a public host"
    " on port 80 or 443."
)


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
