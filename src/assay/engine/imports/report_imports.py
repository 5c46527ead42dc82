"""Runs inside a person's process: looks which modules of its environment are loaded, and reports their names.

Standard library only, Python 3.9 and newer; it imports only what is part of Python's binary, unless the server is
reached by TLS. A module of the person's own, or of the standard library, is never named.
"""

from __future__ import annotations

import sys
import time

AGAIN = 86400.0  # seconds after which the same modules are reported again, so that the session stays known
MOST = 4000  # names in one report
LONGEST = 200  # characters of a name


class Reporter:
    """What one process reports: names such as `pandas` and `google.protobuf`, all of them in each report.

    `shared` are packages that several libraries share, with commas; the names below them are reported.
    """

    def __init__(self, url: str, ticket: str, shared: str) -> None:
        major, minor = sys.version_info[:2]
        self.site = f"{sys.prefix}/lib/python{major}.{minor}/site-packages/"
        self.url, self.ticket = url, ticket
        self.shared = {one.replace(".", "/") for one in shared.split(",")}
        self.sent: set[str] | None = None
        self.sent_at = 0.0
        self.refused = False

    def report(self, seconds: float, patience: float) -> None:
        """Report within so many seconds, unless the same was reported lately. Raises OSError and others.

        `patience` is how long (seconds) to wait for the answer: the report counts without it.
        """
        if self.refused:
            return
        names = self.names()
        if names == self.sent and time.monotonic() - self.sent_at < AGAIN:
            return
        body = '{"modules":[' + ",".join(f'"{one}"' for one in sorted(names)[:MOST]) + "]}"
        status = _post(self.url, self.ticket, body.encode(), time.monotonic() + seconds, patience)
        self.refused = 400 <= status < 500  # noqa: PLR2004 - switched off, expired or removed
        if status == 202:  # noqa: PLR2004 - accepted
            self.sent, self.sent_at = names, time.monotonic()

    def names(self) -> set[str]:
        """Return the top-most regular packages, and the modules in none, that this process has loaded."""
        files = []
        for module in sys.modules.copy().values():
            try:
                file = object.__getattribute__(module, "__dict__")["__file__"]  # a lazy module must stay unloaded
            except (AttributeError, KeyError, TypeError):
                continue
            if isinstance(file, str) and file.startswith(self.site):
                files.append(file[len(self.site) :].rpartition("/")[::2])
        packages = {folder for folder, leaf in files if leaf.startswith("__init__.")} - self.shared
        found = set()
        for folder, leaf in files:
            name = _top(folder, packages) or f"{folder}/{leaf.partition('.')[0]}".strip("/")
            dotted = name.replace("/", ".")
            if not leaf.startswith("__init__.") or folder not in self.shared:
                found.add(dotted)
        return {one for one in found if len(one) < LONGEST and one.isascii() and one.replace(".", "_").isidentifier()}


def _top(folder: str, packages: set[str]) -> str:
    """Return the top-most regular package around a file in a folder, '' for none."""
    end = -1
    while True:
        end = folder.find("/", end + 1)
        part = folder[:end] if end >= 0 else folder
        if part in packages:
            return part
        if end < 0:
            return ""


def _post(url: str, ticket: str, body: bytes, until: float, patience: float) -> int:
    """Post a body and return the status of the answer. Raises OSError and others."""
    scheme, _, rest = url.partition("://")
    netloc, _, path = rest.partition("/")
    if scheme == "https":
        return _post_by_tls(netloc, f"/{path}", ticket, body, until)
    host, colon, port = netloc.rpartition(":")
    head = (
        f"POST /{path} HTTP/1.1\r\nHost: {netloc}\r\nAuthorization: Bearer {ticket}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    # As bytes: for text, Python would load its codec of international names, which takes 7 ms.
    server = (host if colon else netloc).strip("[]").encode(), int(port) if colon else 80
    return _exchange(server, head.encode() + body, until, patience)


def _exchange(server: tuple[bytes, int], request: bytes, until: float, patience: float) -> int:
    """Send a request and return the status of the answer. Raises OSError and ValueError."""
    import _socket  # noqa: PLC0415 - `socket` would load a dozen modules

    family, kind, protocol, _, address = _socket.getaddrinfo(*server, 0, _socket.SOCK_STREAM)[0]
    connection = _socket.socket(family, kind, protocol)
    try:
        connection.settimeout(_left(until))
        connection.connect(address)
        sent = 0
        while sent < len(request):
            connection.settimeout(_left(until))
            sent += connection.send(request[sent : sent + 65536])
        answer = b""
        while len(answer) < len("HTTP/1.1 202"):
            connection.settimeout(min(patience, _left(until)))
            chunk = connection.recv(4096)
            if not chunk:
                break
            answer += chunk
        return int(answer[9:12])
    finally:
        connection.close()


def _left(until: float) -> float:
    return max(0.001, until - time.monotonic())


def _post_by_tls(netloc: str, path: str, ticket: str, body: bytes, until: float) -> int:
    from http.client import HTTPSConnection  # noqa: PLC0415 - only for a server that is reached by TLS

    connection = HTTPSConnection(netloc, timeout=_left(until))
    try:
        headers = {"Authorization": f"Bearer {ticket}", "Content-Type": "application/json"}
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
