"""`/consistency` and `/duplicates`: which versions of which library are live where, and what is there twice."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import bounded, cursor, offset, position
from assay.api.schemas import Items, MoveIn
from assay.core.comparison.consistency import Spread
from assay.core.roles import Right
from assay.core.spec import parse_pin
from assay.flow.compose.align import Proposal, propose
from assay.store.reads.consistency import consistency as read
from assay.store.reads.duplicates import Group, Member
from assay.store.reads.duplicates import duplicates as read_duplicates

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


@router.get("/duplicates", response=Items)
@needs(Right.SEE)
def duplicates(request: Caller, workspace: str, limit: int = 20) -> dict[str, Any]:
    """List groups of near-identical environments, with what each one's people gain and lose by merging."""
    start = offset(request.GET.get("cursor", ""))
    found = read_duplicates(request.actor, limit=bounded(limit) + 1, offset=start)
    following = cursor(str(start + limit)) if len(found) > limit else None
    return {"items": [_group(one) for one in found[:limit]], "next": following}


def _group(group: Group) -> dict[str, Any]:
    return {
        "environments": list(group.references),
        "keep": group.kept,
        "members": [_member(one) for one in group.members],
    }


def _member(member: Member) -> dict[str, Any]:
    """Return what the people of one environment gain and lose."""
    one = member.move
    return {
        "environment": one.reference,
        "identical": one.identical,
        "counts": {"gain": len(one.gained), "lose": len(one.lost), "change": len(one.altered)},
        "gain": list(one.gained),
        "lose": list(one.lost),
        "change": [{"name": row.name, "versions": list(row.versions), "step": row.step} for row in one.altered],
        "unserved": list(one.unserved),
        "people_30d": member.people_30d,
    }
