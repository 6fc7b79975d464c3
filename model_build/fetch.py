"""Fetches the artifacts of a catalogue into a folder; each file is checked by its hash.

Complete files are not fetched again. Interrupted fetches from URLs are resumed by the next run.

python -m model_build.fetch --into models
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tqdm import tqdm

from face_engine.model.catalog import (
    CATALOG_FILE,
    Archive,
    ArchiveSource,
    Artifact,
    UrlSource,
    is_intact,
    read_catalog,
    sha256_of,
)
from model_build.fetch_url import OTHER_CONTENT, RETRY_PAUSE_S, SourceFailed, fetch_url

STAGING_FOLDER = ".staging"
PARTIAL_FOLDER = ".partial"


class FetchFailed(Exception):
    """No source could provide an artifact."""


def fetch_artifacts(
    artifacts: list[Artifact], folder: Path, *, retry_pause_s: float = RETRY_PAUSE_S
) -> None:
    """Makes sure that `folder` contains every artifact; fetches only missing ones.

    A file gets its name only when it is complete and checked. A second process waits for the first
    and then finds the files.

    Args:
        artifacts: the artifacts to fetch.
        folder: created if missing.
        retry_pause_s: seconds between two attempts at one URL.

    Raises:
        FetchFailed: no source could provide an artifact. The message names each source, and
            explains how to add the file by hand.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive(folder) as staging:
        for artifact in artifacts:
            target = folder / artifact.file
            partials = folder / PARTIAL_FOLDER / artifact.file
            if not (target.exists() and is_intact(target, artifact)):
                _fetch(artifact, staging, partials, retry_pause_s).replace(target)
                print(f"{target}: {artifact.bytes:,} bytes, SHA-256 as expected", file=sys.stderr)
            shutil.rmtree(partials, ignore_errors=True)


@contextmanager
def _exclusive(folder: Path) -> Iterator[Path]:
    staging = folder / STAGING_FOLDER
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Left behind if an earlier fetch was killed.
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            _remove_empty_folders(folder / PARTIAL_FOLDER)


def _remove_empty_folders(folder: Path) -> None:
    for path in (*folder.glob("*"), folder):
        # A folder with a partial file is not empty and stays.
        with suppress(OSError):
            path.rmdir()


def _fetch(artifact: Artifact, staging: Path, partials: Path, retry_pause_s: float) -> Path:
    failures = []
    for source in artifact.sources:
        try:
            match source:
                case ArchiveSource(archive, member):
                    name = f"{archive.client} package {archive.package}@{archive.version}"
                    package = _fetch_archive(archive, staging)
                    return _extract_artifact(package, member, artifact, staging)
                case UrlSource(url):
                    name = url
                    return fetch_url(url, artifact, partials, retry_pause_s)
        except SourceFailed as error:
            failures.append(f"  {name}: {error}")
    raise FetchFailed(
        f"{artifact.file} could not be fetched:\n"
        + "\n".join(failures)
        + f"\nTo do it by hand, put a file with SHA-256 {artifact.sha256} under that name"
        f" into {staging.parent} and run the command again."
    )


def _fetch_archive(archive: Archive, staging: Path) -> Path:
    """Fetches a package once; further artifacts in it are read from the same file."""
    folder = staging / f"{archive.package.replace('/', '+')}-{archive.client}"
    if not folder.exists():
        folder.mkdir()
        _run_client(archive, folder)
    files = [path for path in folder.iterdir() if path.is_file()]
    for path in files:
        if sha256_of(path) == archive.sha256:
            return path
    raise SourceFailed("the package that came has another SHA-256" if files else "no package came")


def _run_client(archive: Archive, folder: Path) -> None:
    cache = folder / "client"
    cache.mkdir()
    match archive.client:
        case "npm":
            npm = Path(sys.executable).with_name("npm")
            package = f"{archive.package}@{archive.version}"
            command = [str(npm), "pack", "--loglevel", "error", "--json"]
            command += ["--cache", str(cache), package]
        case "pip":
            # Requirements with a hash, so that pip checks a source archive before it asks its
            # build backend for metadata; that backend is one of our pinned requirements.
            wanted = folder / "client" / "requirements.txt"
            wanted.write_text(
                f"{archive.package}=={archive.version} --hash=sha256:{archive.sha256}\n"
            )
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += ["--no-cache-dir", "--no-build-isolation", "--require-hashes"]
            command += ["-r", str(wanted), "-d", str(folder)]
    with _progress(f"{archive.client} {archive.package}", archive.bytes, folder):
        try:
            # The command contains no input from outside.
            done = subprocess.run(  # noqa: S603
                command,
                cwd=folder,
                env={**os.environ, "TMPDIR": str(cache)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise SourceFailed(f"{archive.client} cannot be run: {error.strerror}") from error
    if done.returncode:
        raise SourceFailed(f"{archive.client} failed: {_reason(done)}")


def _reason(failed: subprocess.CompletedProcess[str]) -> str:
    """Returns the one-line reason why a package client failed."""
    # With --json, npm writes errors to stdout; its last line on stderr only names a log file.
    with suppress(ValueError, KeyError, TypeError):
        error = json.loads(failed.stdout)["error"]
        if lines := (error["summary"] or error["code"]).strip().splitlines():
            return str(lines[0])
    return (failed.stderr.strip().splitlines() or [f"exit status {failed.returncode}"])[-1]


@contextmanager
def _progress(label: str, total_bytes: int, folder: Path) -> Iterator[None]:
    """Shows how much a client has written to `folder`; its own bar is shown only on a terminal."""
    done = threading.Event()

    def watch() -> None:
        with tqdm(total=total_bytes, desc=label, unit="B", unit_scale=True, disable=None) as bar:
            while not done.wait(0.2):
                bar.update(min(_size_of(folder), total_bytes) - bar.n)
            bar.update(total_bytes - bar.n)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _size_of(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size
        except OSError:
            # The client has just moved or deleted the file.
            continue
    return size


def _extract_artifact(package: Path, member: str, artifact: Artifact, staging: Path) -> Path:
    part = staging / artifact.file
    _extract_member(package, member, part)
    if not is_intact(part, artifact):
        raise SourceFailed(OTHER_CONTENT)
    return part


def _extract_member(archive: Path, member: str, target: Path) -> None:
    try:
        if zipfile.is_zipfile(archive):
            with (
                zipfile.ZipFile(archive) as wheel,
                wheel.open(member) as content,
                target.open("wb") as part,
            ):
                shutil.copyfileobj(content, part)
            return
        with tarfile.open(archive) as tar, target.open("wb") as part:
            file = tar.extractfile(member)
            if file:
                shutil.copyfileobj(file, part)
    except KeyError as error:
        raise SourceFailed(f"the package has no {member}") from error


def main() -> None:
    """Fetches the artifacts of one model, or all of a catalogue."""
    parser = argparse.ArgumentParser(description="Fetches artifacts and checks their hashes.")
    parser.add_argument("--into", type=Path, required=True, help="folder to fill")
    parser.add_argument("--catalog", type=Path, default=CATALOG_FILE, help="a catalogue file")
    parser.add_argument("--model", help="fetch only the artifacts of this model")
    arguments = parser.parse_args()
    # A shell starts background jobs with SIGINT ignored, and Python keeps it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    catalog = read_catalog(arguments.catalog)
    artifacts = (
        catalog.models[arguments.model].artifacts if arguments.model else catalog.artifacts.values()
    )
    try:
        fetch_artifacts(list(artifacts), arguments.into)
    except FetchFailed as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{arguments.into} cannot be written: {error.strerror}. Complete files are kept.")
    except KeyboardInterrupt:
        print("Interrupted; the next run goes on from here.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
