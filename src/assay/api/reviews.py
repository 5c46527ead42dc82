"""`/reviews`: the review queue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import Cursor, Limit, decode_offset, page_of
from assay.api.schemas import Items
from assay.core.errors import InvalidInputError
from assay.core.roles import Right
from assay.store.reads.reviews import TABS, queue

router = Router(tags=["Reviews"])


@router.get("/reviews", response=Items)
@needs(Right.REVIEW)
def reviews(
    request: Caller, workspace: str, status: str = "pending", limit: Limit = 50, cursor: Cursor = ""
) -> dict[str, Any]:
    """List the submissions of the review queue, oldest first.

    `status=pending` lists those that wait for a decision.
    """
    if status not in TABS:
        raise InvalidInputError(f"status is one of {', '.join(TABS)}.", hint="Leave it out.", path="status")
    start = decode_offset(cursor)
    rows = queue(request.actor, status, limit=limit + 1, offset=start)
    shown, following = page_of(rows, limit, lambda _: start + limit)
    return {"items": [asdict(row) for row in shown], "next": following}
