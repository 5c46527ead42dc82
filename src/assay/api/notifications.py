"""`/notices`: notifications of the caller."""

from __future__ import annotations

from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import Limit
from assay.api.schemas import Items
from assay.core.roles import Right
from assay.flow.notify.notifications import mark_read
from assay.store.models import Notification

router = Router(tags=["Notifications"])


@router.get("/notices", response=Items)
@needs(Right.SEE)
def notices(request: Caller, workspace: str, limit: Limit = 100) -> dict[str, Any]:
    """List your notifications, newest first.

    `read` is the time at which you read it, or null.
    """
    rows = Notification.objects.filter(workspace_id=request.actor.workspace_id, person_id=request.actor.id)
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
        for one in rows.order_by("-sequence")[:limit]
    ]
    return {"items": items, "next": None}


@router.post("/notices/read", response=dict[str, int])
@needs(Right.SEE)
def read(request: Caller, workspace: str) -> dict[str, int]:
    """Mark all notifications as read.

    Returns how many were unread.
    """
    return {"read": mark_read(request.actor)}
