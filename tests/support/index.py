"""A package index on loopback with tiny wheels that tests make: honest ones, and hostile ones."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import tarfile
import threading
import time
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Wheel:
    """One wheel as the index serves it. `announced` is the hash that the index tells."""

    name: str
    version: str
    content: bytes
    metadata: bytes
    announced: str = ""

    source: bool = False
    tag: str = "py3-none-any"  # in the file's name
    python: str = ""  # Requires-Python, in the listing

    @property
    def filename(self) -> str:
        """The file's name."""
        if self.source:
            return f"{self.name.replace('-', '_')}-{self.version}.tar.gz"
        return f"{self.name.replace('-', '_')}-{self.version}-{self.tag}.whl"

    @property
    def sha256(self) -> str:
        """The hash that is told."""
        return self.announced or hashlib.sha256(self.content).hexdigest()


def make_wheel(
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    modules: dict[str, str] | None = None,
    files: dict[str, str] | None = None,
    record: tuple[str, ...] = (),
    licence: str = "License-Expression: MIT",
) -> Wheel:
    """Make a wheel. `modules` maps paths to source; `files` are taken as they are; `record` adds lies.

    `licence` are the header lines of the licence.
    """
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    content = dict(modules if modules is not None else {f"{name.replace('-', '_')}.py": "value = 1\n"})
    content |= files or {}
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{licence}\n"
    metadata += "".join(f"Requires-Dist: {one}\n" for one in requires)
    content[f"{folder}/METADATA"] = metadata
    content[f"{folder}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        writer.writerow([path, f"sha256={digest}", len(text.encode())])
    for path in (*record, f"{folder}/RECORD"):
        writer.writerow([path, "", ""])
    content[f"{folder}/RECORD"] = rows.getvalue()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in content.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text)
    return Wheel(name=name, version=version, content=packed.getvalue(), metadata=metadata.encode())


@dataclass
class LocalIndex:
    """A simple index (PEP 691 JSON with PEP 658 metadata). `misbehave` maps a file's name to what it does."""

    wheels: list[Wheel] = field(default_factory=list)
    misbehave: dict[str, str] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    password: str = ""  # wanted of everybody
    authorized: list[str] = field(default_factory=list)  # headers that were sent
    redirects: dict[str, str] = field(default_factory=dict)
    html: bool = False
    sizes: dict[str, int] = field(default_factory=dict)  # announced instead of the true ones
    uploaded: dict[str, str] = field(default_factory=dict)  # upload times of projects, instead of 2026-01-01
    yanked: dict[str, str] = field(default_factory=dict)  # reasons by file name
    ranges: bool = False  # whether parts of files are sent on request
    listed: list[str] = field(default_factory=list)  # names in the list of projects, beside those of the wheels
    root: tuple[int, str, bytes] | None = None  # status, type and body of the list, instead of the true one

    def __post_init__(self) -> None:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index._answer(self)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/simple"

    def add(
        self, name: str, version: str = "1.0", *, tag: str = "py3-none-any", python: str = "", **parts: object
    ) -> Wheel:
        """Make a wheel and serve it, with a tag in its file name and a Requires-Python in the listing."""
        wheel = make_wheel(name, version, **parts)  # type: ignore[arg-type]  # passed on as given
        wheel.tag, wheel.python = tag, python
        self.wheels.append(wheel)
        return wheel

    def add_compiled(self, name: str, version: str, *tags: str) -> None:
        """Serve wheels with these tags; nothing of them is compiled for the tag in truth."""
        for tag in tags:
            self.add(name, version).tag = tag

    def add_source(
        self, name: str, version: str = "1.0", *, backend: str, files: dict[str, str] | None = None
    ) -> Wheel:
        """Make a source distribution whose own folder holds its build backend, and serve it."""
        project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        content = {
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            "pyproject.toml": project,
        }
        content |= {"backend.py": backend, **(files or {})}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, text in content.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        made = Wheel(name=name, version=version, content=packed.getvalue(), metadata=b"", source=True)
        self.wheels.append(made)
        return made

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        given = request.headers.get("Authorization", "")
        if given:
            self.authorized.append(given)
        if request.path in self.redirects:
            request.send_response(302)
            request.send_header("Location", self.redirects[request.path])
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if self.password and self.password not in base64.b64decode(given.partition(" ")[2]).decode():
            request.send_error(401)
            return
        path = request.path.strip("/")
        self.served.append(path)
        if path == "simple":
            self._projects(request)
            return
        if path.startswith("simple/"):
            self._listing(request, path.split("/")[1])
            return
        name = path.split("/")[-1]
        wheel = next((one for one in self.wheels if name.removesuffix(".metadata") == one.filename), None)
        what = self.misbehave.get(name, "")
        if wheel is None or what == "500":
            request.send_error(500 if wheel else 404)
            return
        if what == "slow":
            time.sleep(1.5)
        body = wheel.metadata if name.endswith(".metadata") else wheel.content
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", "")) if self.ranges else None
        if part:
            body = body[int(part[1]) : int(part[2]) + 1]
        if what == "other":
            body = make_wheel(wheel.name, wheel.version, modules={"evil.py": "evil = 1\n"}).content
        request.send_response(206 if part else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if what == "dies" else body)

    def _listing(self, request: BaseHTTPRequestHandler, name: str) -> None:
        found = [one for one in self.wheels if one.name == name]
        if not found:
            request.send_error(404)
            return
        root = self.url.removesuffix("/simple")
        files = [
            {
                "filename": one.filename,
                "url": f"{root}/files/{one.filename}",
                "hashes": {"sha256": one.sha256},
                "size": self.sizes.get(one.filename, len(one.content)),
                "upload-time": self.uploaded.get(one.name, "2026-01-01T00:00:00Z"),
                "yanked": self.yanked.get(one.filename, False),
                **({"requires-python": one.python} if one.python else {}),
                "core-metadata": {"sha256": hashlib.sha256(one.metadata).hexdigest()} if one.metadata else False,
            }
            for one in found
        ]
        if self.html:
            links = [
                f'<a href="{one["url"]}#sha256={one["hashes"]["sha256"]}">{one["filename"]}</a>' for one in files
            ]  # type: ignore[index]  # strings
            self._send(request, "text/html", "".join(links).encode())
            return
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()
        self._send(request, "application/vnd.pypi.simple.v1+json", body)

    def _projects(self, request: BaseHTTPRequestHandler) -> None:
        """Send the list of projects, with an ETag; 304 to who has it already."""
        names = sorted({*self.listed, *(one.name for one in self.wheels)})
        if self.html:
            kind, body = "text/html", "".join(f'<a href="{one}/">{one}</a>\n' for one in names).encode()
        else:
            kind = "application/vnd.pypi.simple.v1+json"
            projects = [{"_last-serial": 1, "name": one} for one in names]
            body = json.dumps({"meta": {"api-version": "1.1"}, "projects": projects}).encode()
        status, kind, body = self.root or (200, kind, body)
        tag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        status = 304 if request.headers.get("If-None-Match") == tag else status
        request.send_response(status)
        request.send_header("ETag", tag)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(0 if status == 304 else len(body)))
        request.end_headers()
        request.wfile.write(b"" if status == 304 else body)

    def _send(self, request: BaseHTTPRequestHandler, kind: str, body: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
