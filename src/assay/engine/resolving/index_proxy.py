"""A proxy on loopback for one resolution: it serves each library from the package index that owns its name.

If a workspace has only the installation's own index, uv requests that index directly. Otherwise uv's index URL is
`INDEX`, whose host does not exist: this proxy answers from the index that owns the library's name, and from no
other. Tunnels to other hosts connect to checked addresses only. uv never receives the credentials.
"""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urljoin

from urllib3.exceptions import HTTPError

from assay.engine.fetching.network import Network, connect
from assay.engine.interface import Credentials, Index, ResolveRequest
from assay.engine.resolving.index_routing import FILES, INDEX, index_of, original_url, proxied_url
from assay.engine.resolving.listing import ACCEPTED, JSON_LISTING, MAX_LISTING, parse_listing

IDLE_SECONDS = 120.0  # until an idle tunnel is closed


@contextlib.contextmanager
def index_proxy(request: ResolveRequest, credentials: Credentials) -> Iterator[dict[str, str]]:
    """Serve while the context is open; yield the environment variables that make uv use this proxy."""
    server = _Server(request, Network((request.index, *request.other_indexes), credentials), credentials)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), address) | {"NO_PROXY": ""}
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, request: ResolveRequest, network: Network, credentials: Credentials) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.request, self.network, self.credentials = request, network, credentials

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class' signature
        """Write nothing: uv reports failed requests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *arguments: object) -> None:
        """Write nothing."""

    def do_CONNECT(self) -> None:
        """Open a tunnel to a checked address."""
        host, _, port = self.path.rpartition(":")
        try:
            upstream = connect(host.strip("[]"), int(port), self.server.network)
        except (HTTPError, ValueError) as error:
            self._send_error(502, str(error))
            return
        self.send_response(200, "Connected")
        self.end_headers()
        with upstream:
            _relay(self.connection, upstream)
        self.close_connection = True

    def do_GET(self) -> None:
        """Serve a listing from the index that owns the name, or forward a request for a file."""
        try:
            if self.path.startswith(f"{INDEX}/"):
                self._listing(unquote(self.path.removeprefix(f"{INDEX}/")).strip("/"))
            else:
                self._forward(self._target())
        except (HTTPError, ValueError) as error:
            self._send_error(502, str(error))

    do_HEAD = do_GET  # noqa: N815 - the base class requires this name

    def _target(self) -> str:
        if not self.path.startswith(f"{FILES}/"):
            return self.path
        url = original_url(self.path)
        return f"{url}.metadata" if self.path.endswith(".metadata") else url

    def _listing(self, name: str) -> None:
        index = index_of(name, self.server.request)
        page = f"{index.url}/{name}/"
        response = self.server.network.open(page, {"Accept": ACCEPTED, "Accept-Encoding": "gzip"})
        if response.status != 200:  # noqa: PLR2004 - OK
            response.close()
            self._send_error(response.status, f"{index.name} has no {name}")
            return
        body = response.read(MAX_LISTING, decode_content=True)
        kind = response.headers.get("Content-Type", "")
        listing = parse_listing(name, body, kind)
        for file in listing["files"]:
            file["url"] = self._file_url(urljoin(page, file["url"]), file["filename"], index)
        content = json.dumps(listing).encode()
        self.send_response(200)
        self.send_header("Content-Type", JSON_LISTING)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", response.headers.get("Cache-Control", "max-age=60"))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _file_url(self, url: str, filename: str, index: Index) -> str:
        """Return the URL of a file for uv: through the proxy if it needs credentials or a private network."""
        if index.name not in self.server.credentials and not index.allow_private:
            return url
        return proxied_url(url, filename)

    def _forward(self, url: str) -> None:
        headers = {name: self.headers[name] for name in ("Range", "Accept", "If-None-Match") if name in self.headers}
        response = self.server.network.open(url, headers | {"Accept-Encoding": "identity"})
        self.send_response(response.status)
        for name in ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Cache-Control"):
            if name in response.headers:
                self.send_header(name, response.headers[name])
        if "Content-Length" not in response.headers:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            shutil.copyfileobj(response, self.wfile)
        response.release_conn()

    def _send_error(self, status: int, reason: str) -> None:
        body = reason.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Copy bytes both ways until either side closes."""
    pair = [one, other]
    while True:
        ready, _, _ = select.select(pair, [], [], IDLE_SECONDS)
        if not ready:
            return
        for side in ready:
            chunk = side.recv(1 << 16)
            if not chunk:
                return
            (other if side is one else one).sendall(chunk)
