"""`/events`: the audit log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import Cursor, Limit, page_of
from assay.api.schemas import Items
from assay.core.roles import Right
from assay.store.reads.audit_log import list_events
from assay.store.reads.keyset import decode_cursor

router = Router(tags=["Audit log"])


@router.get("/events", response=Items)
@needs(Right.SEE)
def events(
    request: Caller, workspace: str, limit: Limit = 100, cursor: Cursor = "", environment: str = ""
) -> dict[str, Any]:
    """List events of the audit log, newest first.

    Administrators see all events; others see their own and the public ones.
    """
    before = decode_cursor(cursor)
    rows = list_events(
        request.actor,
        limit=limit + 1,
        before=int(before) if before.isdigit() else None,
        environment=environment,
    )
    shown, following = page_of(rows, limit, lambda row: row.sequence)
    return {"items": [asdict(row) for row in shown], "next": following}
