"""Answers that are written at once: lists, and documents that are kept ready, with their ETag."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any, overload

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from ninja.responses import NinjaJSONEncoder
from pydantic_core import to_json

from assay.flow.ready_documents import ReadyDocument


@overload
def moment(at: datetime) -> str: ...
@overload
def moment(at: None) -> None: ...
def moment(at: datetime | None) -> str | None:
    """Return a time in UTC as other answers have it: ISO 8601 with milliseconds and `Z`."""
    return None if at is None else f"{at.isoformat(timespec='milliseconds')[:23]}Z"


JSON = {"Content-Type": "application/json; charset=utf-8"}


def document_bytes(document: dict[str, Any]) -> bytes:
    """Return a document as JSON, as the API writes it."""
    return json.dumps(document, cls=NinjaJSONEncoder).encode()


def ready_response(
    request: HttpRequest, document: ReadyDocument, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a document with its ETag, or 304 without it to a caller who has the same."""
    tag = f'"{document.key}"'
    known = [one.removeprefix("W/") for one in parse_etags(request.headers.get("If-None-Match", ""))]
    fresh = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in known or "*" in known:
        return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers=fresh)
    return HttpResponse(document.content(), headers={**fresh, **(headers or JSON)})


def page_response(request: HttpRequest, items: Iterable[bytes], following: str | None) -> HttpResponse:
    """Return a page of rows that are written as JSON, with the cursor of the next one; 304 to a caller who has it."""
    content = b'{"items":[%s],"next":%s}' % (b",".join(items), to_json(following))
    document = ReadyDocument(key=sha256(content).hexdigest(), content=lambda: content)
    return ready_response(request, document, {"Content-Type": "application/json"})
