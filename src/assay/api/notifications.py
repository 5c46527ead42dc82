"""`/notices`: notifications of the caller."""

from __future__ import annotations

from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import Cursor, Limit
from assay.api.schemas import Items
from assay.core.roles import Right
from assay.flow.notify.notifications import mark_read
from assay.store.reads.notifications import notifications_of

router = Router(tags=["Notifications"])


@router.get("/notices", response=Items)
@needs(Right.SEE)
def notices(request: Caller, workspace: str, limit: Limit = 100, cursor: Cursor = "") -> dict[str, Any]:
    """List your notifications, newest first.

    `read` is the time at which you read it, or null.
    """
    page = notifications_of(request.actor, limit=limit, cursor=cursor)
    items = [
        {
            "id": one.pk,
            "event": one.event,
            "environment": one.environment,
            "version": one.number,
            "words": one.text,
            "at": one.at,
            "read": one.read_at,
        }
        for one in page.rows
    ]
    return {"items": items, "next": page.next or None}


@router.post("/notices/read", response=dict[str, int])
@needs(Right.SEE)
def read(request: Caller, workspace: str) -> dict[str, int]:
    """Mark all notifications as read.

    Returns how many were unread.
    """
    return {"read": mark_read(request.actor)}
