"""A package index on loopback that serves a folder of wheels, so that no registry's speed is part of a figure.

`python loopback.py FOLDER` prints its URL and serves until it is ended: PEP 691 listings, PEP 658 metadata, files.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename

METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
JSON = "application/vnd.pypi.simple.v1+json"


class Handler(BaseHTTPRequestHandler):
    """Answers with a listing, a file or its metadata; connections stay open."""

    protocol_version = "HTTP/1.1"
    folder: Path
    listings: dict[str, bytes]
    metadata: dict[str, bytes]

    def do_GET(self) -> None:
        """Send what the path names."""
        name = self.path.strip("/").rpartition("/")[2]
        if self.path.startswith("/simple/") and name in self.listings:
            self._send(JSON, self.listings[name])
        elif name in self.metadata:
            self._send("text/plain", self.metadata[name])
        elif self.path.startswith("/files/") and (self.folder / name).is_file():
            with (self.folder / name).open("rb") as file:
                self._head("application/octet-stream", (self.folder / name).stat().st_size)
                self.connection.sendfile(file)
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _send(self, kind: str, body: bytes) -> None:
        self._head(kind, len(body))
        self.wfile.write(body)

    def _head(self, kind: str, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.flush()


def serve(folder: Path) -> None:
    """Serve the wheels of a folder; print the URL of the index first."""
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    Handler.folder = folder
    Handler.metadata = {f"{path.name}.metadata": _metadata(path) for path in folder.glob("*.whl")}
    projects: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.whl")):
        projects.setdefault(parse_wheel_filename(path.name)[0], []).append(_listed(path, url))
    Handler.listings = {
        name: json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()
        for name, files in projects.items()
    }
    sys.stdout.write(f"{url}/simple\n")
    sys.stdout.flush()
    server.serve_forever()


def _listed(path: Path, url: str) -> dict[str, Any]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "filename": path.name,
        "url": f"{url}/files/{path.name}",
        "hashes": {"sha256": sha256},
        "size": path.stat().st_size,
        "upload-time": "2026-01-01T00:00:00Z",
        "core-metadata": {"sha256": hashlib.sha256(Handler.metadata[f"{path.name}.metadata"]).hexdigest()},
    }


def _metadata(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if METADATA.fullmatch(name)))


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
