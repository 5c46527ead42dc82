"""`/consistency`: which versions of which library are live where, and moving environments to one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pages import bounded, cursor, position
from assay.api.schemas import Items, MoveIn
from assay.core.consistency import Spread
from assay.core.roles import Right
from assay.core.spec import parse_pin
from assay.flow.align import Proposal, propose
from assay.store.reads.consistency import consistency as read

router = Router(tags=["consistency"])
SHOWN = 50  # environments named for each version; their number is told in full


@router.get("/consistency", response=Items)
@needs(Right.SEE)
def consistency(
    request: Caller,
    workspace: str,
    library: str = "",
    diverging: bool = True,  # noqa: FBT001, FBT002 - a query parameter
    conflicts: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    limit: int = 50,
) -> dict[str, Any]:
    """List libraries with their live versions: those that diverge, all with `diverging=false`, or one."""
    after = position(request.GET.get("cursor", ""))
    rows = read(
        request.actor,
        library=library,
        diverging=diverging,
        conflicts=conflicts,
        after=after,
        limit=bounded(limit) + 1,
    )
    following = cursor(rows[limit - 1].name) if len(rows) > limit else None
    return {"items": [spread_document(row) for row in rows[:limit]], "next": following}


@router.post("/consistency/propose", response=dict[str, Any])
@needs(Right.COMPOSE)
def propose_moves(request: Caller, workspace: str, body: MoveIn) -> dict[str, Any]:
    """Say for each environment whether a library can move to a version, and what else would; or draft it."""
    pin = parse_pin(body.library, body.version)
    found = propose(request.actor, pin, body.environments, create=body.create)
    return {"library": pin.name, "pin": pin.name + pin.specifier, "items": [_proposal(one) for one in found]}


def _proposal(one: Proposal) -> dict[str, Any]:
    return {
        "environment": one.reference,
        "possible": one.possible,
        "reason": one.reason,
        "moves": [
            {"name": row.name, "versions": list(row.versions), "change": row.change, "step": row.step}
            for row in one.moves
        ],
        "draft": one.draft or None,
    }


def spread_document(row: Spread) -> dict[str, Any]:
    """Return a library with its live versions, newest first."""
    return {
        "library": row.name,
        "environments": row.holders,
        "spread": len(row.versions),
        "step": row.step,
        "common": row.common,
        "versions": [
            {"version": version, "count": len(holders), "environments": list(holders[:SHOWN])}
            for version, holders in row.versions.items()
        ],
        "outliers": list(row.outliers[:SHOWN]),
        "conflict": {
            "majors": {line: list(holders[:SHOWN]) for line, holders in row.conflict.majors.items()},
            "exclusions": [asdict(one) for one in row.conflict.exclusions[:SHOWN]],
        }
        if row.conflict
        else None,
    }
