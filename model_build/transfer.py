"""Downloads an artifact by its URL; what an interruption left is continued, not begun anew."""

import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from tqdm import tqdm

from face_engine.model.catalog import Artifact, is_intact

# In all: the first and the retries of one run. The next run has as many again.
ATTEMPTS = 4
RETRY_PAUSE_S = 1.0
# Without a byte; not for the whole download.
SILENCE_TIMEOUT_S = 30
CHUNK_BYTES = 1 << 16
OTHER_CONTENT = "what came has another SHA-256"
# The server may do better a moment later.
PASSING_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class SourceFailed(Exception):
    """One source did not bring an artifact; the next one is tried."""


class Interrupted(Exception):
    """An attempt ended early; another one may go on."""


@dataclass(frozen=True, slots=True)
class Partial:
    """What has come of one URL, and the strong ETag of the file that it is the beginning of."""

    folder: Path

    @property
    def content(self) -> Path:
        """The bytes so far."""
        return self.folder / "content"

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self.content.stat().st_size if self.content.exists() else 0

    @property
    def etag(self) -> str:
        """The strong ETag, or "" when the server gave none."""
        path = self.folder / "etag"
        return path.read_text("utf-8") if path.exists() else ""

    def begin(self, etag: str) -> None:
        """Drops what there was; what is appended from now on belongs to `etag`."""
        self.drop()
        self.folder.mkdir(parents=True)
        # A weak ETag does not promise equal bytes.
        if etag.startswith('"'):
            (self.folder / "etag").write_text(etag, "utf-8")

    def drop(self) -> None:
        """Drops what there was."""
        shutil.rmtree(self.folder, ignore_errors=True)


def download(url: str, artifact: Artifact, partials: Path, retry_pause_s: float) -> Path:
    """Downloads an artifact, and continues what an earlier run or attempt left of the same URL.

    Args:
        url: where it is. The CA bundle is the system's, or that of SSL_CERT_FILE.
        artifact: no more than its `bytes` are read.
        partials: a folder, this artifact's own, that outlives the run.
        retry_pause_s: seconds between two attempts.

    Returns:
        A file below `partials` whose content is the artifact.

    Raises:
        SourceFailed: the URL does not bring the artifact. What came of it is kept if it can be
            continued.
    """
    # What began as another version of the artifact is not continued.
    key = sha256(f"{url} {artifact.sha256}".encode()).hexdigest()[:16]
    partial = Partial(partials / key)
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(retry_pause_s)
        try:
            _attempt(url, artifact, partial)
        except Interrupted as interruption:
            reason = str(interruption)
            continue
        if is_intact(partial.content, artifact):
            return partial.content
        partial.drop()
        raise SourceFailed(OTHER_CONTENT)
    raise SourceFailed(f"{reason} ({ATTEMPTS} attempts)")


def _attempt(url: str, artifact: Artifact, partial: Partial) -> None:
    if partial.size == artifact.bytes:
        # Killed between the last byte and the check.
        return
    headers = {}
    if partial.size:
        headers["Range"] = f"bytes={partial.size}-"
        if partial.etag:
            headers["If-Range"] = partial.etag
    # The addresses are the catalogue's, never a client's.
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_TIMEOUT_S) as answer:  # noqa: S310
            _prepare(answer, artifact, partial)
            _receive(answer, artifact, partial)
    except urllib.error.HTTPError as error:
        error.close()
        reason = f"HTTP {error.code} {error.reason}"
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            partial.drop()
        elif error.code not in PASSING_STATUSES:
            raise SourceFailed(reason) from error
        raise Interrupted(reason) from error
    except (OSError, HTTPException) as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise SourceFailed(f"{cause}; SSL_CERT_FILE can name another CA bundle") from error
        raise Interrupted(str(cause) or type(cause).__name__) from error


def _prepare(answer: HTTPResponse, artifact: Artifact, partial: Partial) -> None:
    """Makes `partial` what the answer's body is appended to.

    Raises:
        Interrupted: the answer continues something else; what there was is dropped.
        SourceFailed: the whole file that is offered has another size.
    """
    etag = answer.headers.get("ETag", "")
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        if partial.size and _continues(answer, artifact, partial):
            return
        partial.drop()
        raise Interrupted("the server sent another part than was asked for")
    # Asked before anything is dropped: it may be the page of a proxy.
    if answer.length is not None and answer.length != artifact.bytes:
        raise SourceFailed(f"it offers {answer.length:,} bytes instead of {artifact.bytes:,}")
    partial.begin(etag)


def _continues(answer: HTTPResponse, artifact: Artifact, partial: Partial) -> bool:
    part = re.fullmatch(
        r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", "").strip()
    )
    if not part or int(part[1]) != partial.size or part[3] not in ("*", str(artifact.bytes)):
        return False
    return not partial.etag or answer.headers.get("ETag", partial.etag) == partial.etag


def _receive(answer: HTTPResponse, artifact: Artifact, partial: Partial) -> None:
    size = partial.size
    with (
        partial.content.open("ab") as content,
        tqdm(
            total=artifact.bytes,
            initial=size,
            desc=artifact.file,
            unit="B",
            unit_scale=True,
            disable=None,
        ) as bar,
    ):
        while chunk := answer.read(min(CHUNK_BYTES, artifact.bytes - size)):
            content.write(chunk)
            size += len(chunk)
            bar.update(len(chunk))
    if size < artifact.bytes:
        raise Interrupted(f"the connection ended after {size:,} of {artifact.bytes:,} bytes")
