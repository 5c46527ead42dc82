"""`/events`: the audit trail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import bounded, cursor, position
from assay.api.schemas import Items
from assay.core.roles import Right
from assay.store.reads.audit_log import trail

router = Router(tags=["events"])


@router.get("/events", response=Items)
@needs(Right.SEE)
def events(request: Caller, workspace: str, limit: int = 100, environment: str = "") -> dict[str, Any]:
    """List events, newest first: all of them for administrators, else one's own and what is public."""
    before = position(request.GET.get("cursor", ""))
    rows = trail(
        request.actor,
        limit=bounded(limit) + 1,
        before=int(before) if before.isdigit() else None,
        environment=environment,
    )
    more = len(rows) > limit
    rows = rows[:limit]
    return {"items": [asdict(row) for row in rows], "next": cursor(str(rows[-1].sequence)) if more else None}
