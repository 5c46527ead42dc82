"""The page of one library at a package index: its files, from JSON (PEP 691) or HTML (PEP 503)."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from urllib3.exceptions import HTTPError

from assay.engine.fetching.network import Network
from assay.engine.interface import Credentials, ResolveRequest
from assay.engine.resolving.index_routing import index_of

JSON_LISTING = "application/vnd.pypi.simple.v1+json"
ACCEPTED = f"{JSON_LISTING}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
MAX_LISTING = 256 << 20  # bytes of an index's page of one project


def files_of(name: str, request: ResolveRequest, credentials: Credentials) -> list[dict[str, Any]]:
    """Return the files of a library at the index that owns its name, with absolute URLs; none if it has no page.

    Raises urllib3's HTTPError when the index does not answer, or not with a listing.
    """
    page = f"{index_of(name, request).url}/{name}/"
    network = Network((request.index, *request.other_indexes), credentials)
    response = network.open(page, {"Accept": ACCEPTED, "Accept-Encoding": "gzip"})
    if response.status != 200:  # noqa: PLR2004 - OK
        response.close()
        return []
    body = response.read(MAX_LISTING, decode_content=True)
    try:
        listing = parse_listing(name, body, response.headers.get("Content-Type", ""))
    except ValueError as error:
        raise HTTPError(f"{page} is not a listing: {error}") from error
    return [{**one, "url": urljoin(page, one["url"])} for one in listing["files"]]


def parse_listing(name: str, body: bytes, kind: str) -> dict[str, Any]:
    """Return a listing in the form of PEP 691, from a body and its content type. Raises ValueError."""
    if "json" in kind:
        found: dict[str, Any] = json.loads(body)
        return found
    parser = _Anchors()
    parser.feed(body.decode(errors="replace"))
    return {"meta": {"api-version": "1.0"}, "name": name, "files": parser.files}


class _Anchors(HTMLParser):
    """Collects the links of a listing in HTML (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Collect a link."""
        values = dict(attributes)
        url, _, fragment = str(values.get("href") or "").partition("#")
        if tag != "a" or not url:
            return
        algorithm, _, digest = fragment.partition("=")
        self.files.append(
            {
                "filename": unquote(urlsplit(url).path.rpartition("/")[2]),
                "url": url,
                "hashes": {algorithm: digest} if digest else {},
                "requires-python": values.get("data-requires-python"),
                "yanked": "data-yanked" in values,
            }
        )
