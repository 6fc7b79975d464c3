"""A Python package index and an npm registry on loopback, with test packages."""

import base64
import gzip
import hashlib
import http.server
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from face_engine.model.catalog import Archive
from tools.loopback_server import serve_in_thread

VERSION = "1.0.0"
SETUP = b"""[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "%s"
version = "1.0.0"
"""


@dataclass
class Registries:
    """The served content by path, and the requested paths.

    Attributes:
        files: content of the package files.
        pages: index pages that link to them; filled by `add_...`.
    """

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """Returns the variables that make pip and npm use only these registries."""
        return {
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": f"{self.address}/simple",
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "npm_config_registry": f"{self.address}/npm/",
            "npm_config_noproxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def add_wheel(self, name: str, members: Mapping[str, bytes]) -> Archive:
        """Publishes a wheel."""
        info = f"{name}-{VERSION}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n".encode()
        tags = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as wheel:
            for path, content in members.items():
                wheel.writestr(path, content)
            wheel.writestr(f"{info}/METADATA", metadata)
            wheel.writestr(f"{info}/WHEEL", tags)
            wheel.writestr(f"{info}/RECORD", "")
        return self._add_to_index(name, f"{name}-{VERSION}-py3-none-any.whl", file.getvalue())

    def add_source_archive(self, name: str, members: Mapping[str, bytes]) -> Archive:
        """Publishes a source archive that setuptools can build."""
        setup = {"pyproject.toml": SETUP % name.encode(), f"{name}/__init__.py": b""}
        content = make_tar(f"{name}-{VERSION}/", {**setup, **members})
        return self._add_to_index(name, f"{name}-{VERSION}.tar.gz", content)

    def _add_to_index(self, name: str, file: str, content: bytes) -> Archive:
        self.files[f"/files/{file}"] = content
        link = f'<!DOCTYPE html><html><body><a href="/files/{file}">{file}</a></body></html>'
        self.pages[f"/simple/{name.replace('_', '-')}/"] = link.encode()
        return Archive("pip", name, VERSION, len(content), hashlib.sha256(content).hexdigest())

    def add_npm_package(self, name: str, members: Mapping[str, bytes]) -> Archive:
        """Publishes an npm package."""
        about = {"name": name, "version": VERSION}
        package = {"package.json": json.dumps(about).encode(), **members}
        content = make_tar("package/", package)
        path = f"/npm/{name}/-/{name.rpartition('/')[2]}-{VERSION}.tgz"
        self.files[path] = content
        integrity = base64.b64encode(hashlib.sha512(content).digest()).decode()
        dist = {"tarball": self.address + path, "integrity": f"sha512-{integrity}"}
        versions = {VERSION: {**about, "dist": dist}}
        packument = {"name": name, "dist-tags": {"latest": VERSION}, "versions": versions}
        # The client escapes the slash after a scope.
        self.pages[f"/npm/{name.replace('/', '%2f')}"] = json.dumps(packument).encode()
        return Archive("npm", name, VERSION, len(content), hashlib.sha256(content).hexdigest())


def make_tar(root: str, members: Mapping[str, bytes]) -> bytes:
    """Returns a compressed archive of files in one root folder."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for path, content in members.items():
            entry = tarfile.TarInfo(root + path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(file.getvalue(), mtime=0)


@contextmanager
def serve_registries() -> Iterator[Registries]:
    """Serves both registries, initially empty."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registries.requests.append(self.path)
            content = registries.files.get(self.path)
            kind = "application/octet-stream"
            if content is None:
                content = registries.pages.get(self.path)
                kind = "application/json" if self.path.startswith("/npm") else "text/html"
            if content is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registries = Registries(f"http://127.0.0.1:{server.server_port}")
    with serve_in_thread(server):
        yield registries
