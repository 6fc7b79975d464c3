"""Fetches an artifact from a URL; resumes an interrupted fetch."""

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

# Attempts per run, including the first.
ATTEMPTS = 4
RETRY_PAUSE_S = 1.0
# The longest time without a byte; does not limit the whole fetch.
READ_TIMEOUT_S = 30
CHUNK_BYTES = 1 << 16
OTHER_CONTENT = "what came has another SHA-256"
# Errors that may be gone a moment later.
TRANSIENT_STATUSES = frozenset(
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
    """A source could not provide an artifact; the next source is tried."""


class AttemptFailed(Exception):
    """An attempt failed, but another one may succeed."""


@dataclass(frozen=True, slots=True)
class PartialFile:
    """The bytes received from a URL so far, and the strong ETag of the complete file."""

    folder: Path

    @property
    def content(self) -> Path:
        """The file with the bytes received so far."""
        return self.folder / "content"

    @property
    def size(self) -> int:
        """The number of bytes received so far."""
        return self.content.stat().st_size if self.content.exists() else 0

    @property
    def etag(self) -> str:
        """The strong ETag; "" if the server sent none."""
        path = self.folder / "etag"
        return path.read_text("utf-8") if path.exists() else ""

    def begin(self, etag: str) -> None:
        """Deletes earlier bytes; bytes appended from now on belong to `etag`."""
        self.drop()
        self.folder.mkdir(parents=True)
        # A weak ETag does not guarantee equal bytes.
        if etag.startswith('"'):
            (self.folder / "etag").write_text(etag, "utf-8")

    def drop(self) -> None:
        """Deletes the bytes received so far."""
        shutil.rmtree(self.folder, ignore_errors=True)


def fetch_url(url: str, artifact: Artifact, partials: Path, retry_pause_s: float) -> Path:
    """Fetches an artifact; resumes what an earlier run or attempt received from the same URL.

    Args:
        url: the artifact's URL. Trusts the system's CA bundle, or that of SSL_CERT_FILE.
        artifact: at most its `bytes` are read.
        partials: a folder for this artifact only, kept between runs.
        retry_pause_s: seconds between two attempts.

    Returns:
        A file below `partials` with the artifact's content.

    Raises:
        SourceFailed: the URL does not provide the artifact. Bytes that can be resumed are kept.
    """
    # The key includes the hash, so that bytes of another version are not resumed.
    key = sha256(f"{url} {artifact.sha256}".encode()).hexdigest()[:16]
    partial = PartialFile(partials / key)
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(retry_pause_s)
        try:
            _attempt(url, artifact, partial)
        except AttemptFailed as failure:
            reason = str(failure)
            continue
        if is_intact(partial.content, artifact):
            return partial.content
        partial.drop()
        raise SourceFailed(OTHER_CONTENT)
    raise SourceFailed(f"{reason} ({ATTEMPTS} attempts)")


def _attempt(url: str, artifact: Artifact, partial: PartialFile) -> None:
    if partial.size == artifact.bytes:
        # A run was killed between the last byte and the check.
        return
    headers = {}
    if partial.size:
        headers["Range"] = f"bytes={partial.size}-"
        if partial.etag:
            headers["If-Range"] = partial.etag
    # URLs come from the catalogue, never from a client.
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=READ_TIMEOUT_S) as answer:  # noqa: S310
            _prepare(answer, artifact, partial)
            _receive(answer, artifact, partial)
    except urllib.error.HTTPError as error:
        error.close()
        reason = f"HTTP {error.code} {error.reason}"
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            partial.drop()
        elif error.code not in TRANSIENT_STATUSES:
            raise SourceFailed(reason) from error
        raise AttemptFailed(reason) from error
    except (OSError, HTTPException) as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise SourceFailed(f"{cause}; SSL_CERT_FILE can name another CA bundle") from error
        raise AttemptFailed(str(cause) or type(cause).__name__) from error


def _prepare(answer: HTTPResponse, artifact: Artifact, partial: PartialFile) -> None:
    """Prepares `partial` for the response's body to be appended.

    Raises:
        AttemptFailed: the response does not continue `partial`, which is deleted.
        SourceFailed: the complete file has another size than the artifact.
    """
    etag = answer.headers.get("ETag", "")
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        if partial.size and _continues(answer, artifact, partial):
            return
        partial.drop()
        raise AttemptFailed("the server sent another part than was asked for")
    # Checked before anything is deleted: the response may be a proxy's error page.
    if answer.length is not None and answer.length != artifact.bytes:
        raise SourceFailed(f"it offers {answer.length:,} bytes instead of {artifact.bytes:,}")
    partial.begin(etag)


def _continues(answer: HTTPResponse, artifact: Artifact, partial: PartialFile) -> bool:
    part = re.fullmatch(
        r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", "").strip()
    )
    if not part or int(part[1]) != partial.size or part[3] not in ("*", str(artifact.bytes)):
        return False
    return not partial.etag or answer.headers.get("ETag", partial.etag) == partial.etag


def _receive(answer: HTTPResponse, artifact: Artifact, partial: PartialFile) -> None:
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
        raise AttemptFailed(f"the connection ended after {size:,} of {artifact.bytes:,} bytes")
