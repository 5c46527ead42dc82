"""Answers that are written at once, without a schema that every value is checked against."""

from __future__ import annotations

from datetime import datetime
from typing import Any, overload

from django.http import HttpResponse
from pydantic_core import to_json


def json_response(document: dict[str, Any]) -> HttpResponse:
    """Return a document of plain values as JSON."""
    return HttpResponse(to_json(document), content_type="application/json")


@overload
def moment(at: datetime) -> str: ...
@overload
def moment(at: None) -> None: ...
def moment(at: datetime | None) -> str | None:
    """Return a time in UTC as other answers have it: ISO 8601 with milliseconds and `Z`."""
    return None if at is None else f"{at.isoformat(timespec='milliseconds')[:23]}Z"
