"""What surrounds every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give templates what the frame of a page shows."""
    return {"request_id": getattr(request, "request_id", ""), "theme": request.COOKIES.get("theme", "")}
