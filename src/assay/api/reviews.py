"""`/reviews`: the queue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import bounded, cursor, offset
from assay.api.schemas import Items
from assay.core.errors import InvalidInputError
from assay.core.roles import Right
from assay.store.reads.reviews import TABS, queue

router = Router(tags=["reviews"])


@router.get("/reviews", response=Items)
@needs(Right.REVIEW)
def reviews(request: Caller, workspace: str, status: str = "pending", limit: int = 50) -> dict[str, Any]:
    """List what waits for a decision, oldest first; or what was decided."""
    if status not in TABS:
        raise InvalidInputError(f"status is one of {', '.join(TABS)}.", hint="Leave it out.", path="status")
    start = offset(request.GET.get("cursor", ""))
    rows = queue(request.actor, status, limit=bounded(limit) + 1, offset=start)
    more = len(rows) > limit
    items = [asdict(row) for row in rows[:limit]]
    return {"items": items, "next": cursor(str(start + limit)) if more else None}
