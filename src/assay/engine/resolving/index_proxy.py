"""The one index that uv sees: a server on loopback, for one resolution, that asks the right source for each name.

uv uses it as its proxy. Where a workspace has nothing but the installation's own index, uv asks that itself. Else
uv's index is `INDEX`, a name that exists nowhere else: it is answered here, from the source that owns the
library's name and from no other, and tunnels to other hosts lead to checked addresses only. Credentials stay
here.
"""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import socket
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from urllib3.exceptions import HTTPError

from assay.engine.fetching.network import Network, connect
from assay.engine.interface import Credentials, Index, ResolveRequest
from assay.engine.resolving.index_routing import FILES, INDEX, address_for_uv, index_of, real_address

JSON_LISTING = "application/vnd.pypi.simple.v1+json"
LARGEST = 256 << 20  # bytes of one listing
IDLE = 120.0  # seconds after which a silent tunnel is closed


@contextlib.contextmanager
def index_proxy(request: ResolveRequest, credentials: Credentials) -> Iterator[dict[str, str]]:
    """Serve while the context lasts; gives the variables that lead uv here."""
    server = _Server(request, Network((request.index, *request.sources), credentials), credentials)
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
        """Stay quiet: uv tells what it did not get."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *arguments: object) -> None:
        """Stay quiet."""

    def do_CONNECT(self) -> None:
        """Open a tunnel to an address that was checked."""
        host, _, port = self.path.rpartition(":")
        try:
            far = connect(host.strip("[]"), int(port), self.server.network)
        except (HTTPError, ValueError) as error:
            self._refuse(502, str(error))
            return
        self.send_response(200, "Connected")
        self.end_headers()
        with far:
            _relay(self.connection, far)
        self.close_connection = True

    def do_GET(self) -> None:
        """Answer from the source that owns the name, or fetch what uv asks for."""
        try:
            if self.path.startswith(f"{INDEX}/"):
                self._listing(unquote(self.path.removeprefix(f"{INDEX}/")).strip("/"))
            else:
                self._pass_on(self._target())
        except (HTTPError, ValueError) as error:
            self._refuse(502, str(error))

    do_HEAD = do_GET  # noqa: N815 - the base class looks for that name

    def _target(self) -> str:
        if not self.path.startswith(f"{FILES}/"):
            return self.path
        address = real_address(self.path)
        return f"{address}.metadata" if self.path.endswith(".metadata") else address

    def _listing(self, name: str) -> None:
        source = index_of(name, self.server.request)
        page = f"{source.url}/{name}/"
        accepted = f"{JSON_LISTING}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
        answer = self.server.network.open(page, {"Accept": accepted, "Accept-Encoding": "gzip"})
        if answer.status != 200:  # noqa: PLR2004 - OK
            answer.close()
            self._refuse(answer.status, f"{source.name} has no {name}")
            return
        body = answer.read(LARGEST, decode_content=True)
        kind = answer.headers.get("Content-Type", "")
        listing = json.loads(body) if "json" in kind else _from_html(name, body.decode(errors="replace"))
        for file in listing["files"]:
            file["url"] = self._address(urljoin(page, file["url"]), file["filename"], source)
        told = json.dumps(listing).encode()
        self.send_response(200)
        self.send_header("Content-Type", JSON_LISTING)
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Cache-Control", answer.headers.get("Cache-Control", "max-age=60"))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(told)

    def _address(self, url: str, filename: str, source: Index) -> str:
        """Return how uv is told of a file: through us where it takes credentials, or is in a private network."""
        if source.name not in self.server.credentials and not source.allow_private:
            return url
        return address_for_uv(url, filename)

    def _pass_on(self, url: str) -> None:
        wanted = {name: self.headers[name] for name in ("Range", "Accept", "If-None-Match") if name in self.headers}
        answer = self.server.network.open(url, wanted | {"Accept-Encoding": "identity"})
        self.send_response(answer.status)
        for name in ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Cache-Control"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        if "Content-Length" not in answer.headers:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            shutil.copyfileobj(answer, self.wfile)
        answer.release_conn()

    def _refuse(self, status: int, why: str) -> None:
        body = why.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    pair = [one, other]
    while True:
        ready, _, _ = select.select(pair, [], [], IDLE)
        if not ready:
            return
        for side in ready:
            piece = side.recv(1 << 16)
            if not piece:
                return
            (other if side is one else one).sendall(piece)


class _Anchors(HTMLParser):
    """Collects the links of a listing in HTML (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take a link."""
        given = dict(attributes)
        address, _, fragment = str(given.get("href") or "").partition("#")
        if tag != "a" or not address:
            return
        algorithm, _, digest = fragment.partition("=")
        self.files.append(
            {
                "filename": unquote(urlsplit(address).path.rpartition("/")[2]),
                "url": address,
                "hashes": {algorithm: digest} if digest else {},
                "requires-python": given.get("data-requires-python"),
                "yanked": "data-yanked" in given,
            }
        )


def _from_html(name: str, text: str) -> dict[str, Any]:
    parser = _Anchors()
    parser.feed(text)
    return {"meta": {"api-version": "1.0"}, "name": name, "files": parser.files}
