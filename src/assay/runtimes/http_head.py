"""A strict HTTP/1.1 parser for the app proxy: the head of one request and the length of its body.

Ambiguous requests are refused (RFC 9112, 6.3 and 11.2), so that the proxy and the app behind it never disagree
about where a request ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) (/[\x21-\x7e]{0,8000}) HTTP/1\.[01]")
FORWARDED = ("x-forwarded-", "forwarded")  # what only a proxy may say (RFC 7239)
HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "proxy-authorization"})
MAX_HEADERS = 100


class MalformedError(Exception):
    """The request is malformed or ambiguous."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a request. Header names are lower-case; `length` is None for a chunked body."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    length: int | None

    def header(self, name: str) -> str:
        """Return a header's value, '' without one."""
        return next((value for one, value in self.headers if one == name), "")

    @property
    def host(self) -> str:
        """The requested host, with its port."""
        return self.header("host").lower()

    @property
    def upgrades(self) -> bool:
        """Whether the request opens a WebSocket."""
        return self.method == "GET" and self.header("upgrade").lower() == "websocket"

    @property
    def same_origin(self) -> bool:
        """Whether the request is safe, or comes from a page of the same host or from no browser."""
        origin = self.header("origin")
        safe = self.method in {"GET", "HEAD", "OPTIONS"} and not self.upgrades
        return safe or not origin or origin.partition("://")[2].lower() == self.host

    def cookie(self, name: str) -> str:
        """Return a cookie's value, '' without one."""
        try:
            found = SimpleCookie(self.header("cookie")).get(name)
        except CookieError:
            return ""
        return found.value if found else ""


def read_head(raw: bytes) -> Head:
    """Read the bytes of a head up to its empty line. Raises MalformedError."""
    first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = REQUEST_LINE.fullmatch(first)
    if line is None or len(lines) > MAX_HEADERS:
        raise MalformedError("request line")
    headers = tuple(map(_header, lines))
    if sum(name == "host" for name, _ in headers) != 1:
        raise MalformedError("host")
    return Head(method=line[1].decode(), target=line[2].decode(), headers=headers, length=_length([*headers]))


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon or not TOKEN.fullmatch(name) or re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise MalformedError("header")
    return name.decode().lower(), value.strip(b" \t").decode("latin-1")


def _length(headers: list[tuple[str, str]]) -> int | None:
    lengths = [value for name, value in headers if name == "content-length"]
    codings = [value.lower() for name, value in headers if name == "transfer-encoding"]
    if codings:
        if codings != ["chunked"] or lengths:
            raise MalformedError("transfer-encoding")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,15}", lengths[0]):
        raise MalformedError("content-length")
    return int(lengths[0])


def forwarded_head(head: Head, *, cookie: str, added: dict[str, str]) -> bytes:
    """Return the head for the app, without the proxy's cookie and with the headers `added` by the proxy."""
    lines = [f"{head.method} {head.target} HTTP/1.1"]
    replaced = {name.lower() for name in added}
    for name, value in head.headers:
        if name in HOP_BY_HOP or name in replaced or name.startswith(FORWARDED):
            continue
        if name == "upgrade" and not head.upgrades:
            continue
        if name == "cookie":
            kept = [part.strip() for part in value.split(";") if part.partition("=")[0].strip() != cookie]
            if kept:
                lines.append(f"cookie: {'; '.join(kept)}")
            continue
        lines.append(f"{name}: {value}")
    lines += [f"{name}: {value}" for name, value in added.items()]
    lines.append("connection: Upgrade" if head.upgrades else "connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
