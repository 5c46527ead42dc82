"""The names of all projects of a package index: its list in JSON (PEP 691) or HTML (PEP 503), read as it arrives."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from packaging.utils import InvalidName, canonicalize_name

from assay.core.errors import UnavailableError

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
MAX_BYTES = 512 << 20  # of the list; that of a public index with 700,000 names has 40 MB
MAX_NAMES = 3_000_000
MAX_NAME = 100  # characters
MAX_ITEM = 1 << 20  # characters of one item of the list, as JSON
PROJECTS = re.compile(r'"projects"\s*:\s*\[')
JSON = json.JSONDecoder()


def read_names(chunks: Iterable[bytes], content_type: str) -> Iterator[str]:
    """Yield the normalised names of a list as its bytes arrive; what is no valid name is left out.

    Raises UnavailableError when it is no such list, is cut off or is too large.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json"):
        found = _json_names(_text(chunks))
    elif kind.endswith("html"):
        found = _html_names(_text(chunks))
    else:
        raise UnavailableError(
            f"The index responded with {kind[:60] or 'no content type'}, not with a list of projects.",
            hint="Check its address; it usually ends in /simple.",
        )
    for number, raw in enumerate(found):
        if number >= MAX_NAMES:
            raise _too_large()
        name = _valid(raw)
        if name:
            yield name


def _valid(raw: object) -> str:
    if not isinstance(raw, str) or len(raw) > MAX_NAME:
        return ""
    try:
        return canonicalize_name(raw.strip(), validate=True)
    except InvalidName:
        return ""


def _text(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder, total = codecs.getincrementaldecoder("utf-8")("replace"), 0
    for chunk in chunks:
        total += len(chunk)
        if total > MAX_BYTES:
            raise _too_large()
        yield decoder.decode(chunk)


def _json_names(parts: Iterator[str]) -> Iterator[object]:
    """Yield the `name` of each item of `projects`, without holding the whole document."""
    buffer, start = "", None
    for part in parts:
        buffer += part
        start = PROJECTS.search(buffer)
        if start or len(buffer) > MAX_ITEM:
            break
    if start is None:
        raise _broken()
    yield from _items(buffer[start.end() :], parts)


def _items(buffer: str, parts: Iterator[str]) -> Iterator[object]:
    while True:
        at = 0
        while True:
            at = _skip(buffer, at)
            if buffer[at : at + 1] == "]":
                return
            try:
                item, at = JSON.raw_decode(buffer, at)
            except ValueError:
                break
            yield item.get("name") if isinstance(item, dict) else None
        buffer = buffer[at:]
        part = next(parts, None)
        if part is None or len(buffer) > MAX_ITEM:
            raise _broken()
        buffer += part


def _skip(buffer: str, at: int) -> int:
    """Return the position of the next item or of the end of the list."""
    while at < len(buffer) and buffer[at] in " \t\r\n,":
        at += 1
    return at


class _Links(HTMLParser):
    """Collects the text of links, and whether it is a page of HTML at all."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.is_page = False
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "a":
            self._inside = True
            self.is_page = True
            self.names.append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_page = self.is_page or tag == "html"
        if tag == "a":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside and len(self.names[-1]) <= MAX_NAME:
            self.names[-1] += data


def _html_names(parts: Iterator[str]) -> Iterator[str]:
    links = _Links()
    for part in parts:
        links.feed(part)
        ready, links.names = links.names[:-1], links.names[-1:]  # the last one may go on in the next part
        yield from ready
    links.close()
    yield from links.names
    if not links.is_page:
        raise _broken()


def _too_large() -> UnavailableError:
    return UnavailableError("The list of projects of the index is too large.", hint="Check its address.")


def _broken() -> UnavailableError:
    return UnavailableError(
        "The list of projects of the index ends too early, or is none.",
        hint="Check its address; it usually ends in /simple.",
    )
