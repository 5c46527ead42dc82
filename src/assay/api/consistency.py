"""`/consistency` and `/duplicates`: live versions of each library, and environments that are nearly the same."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router

from assay.api.access import Caller, needs, raises
from assay.api.pagination import Cursor, Limit
from assay.api.schemas import Items, MoveIn
from assay.core.comparison.consistency import Spread
from assay.core.errors import ConflictError, ResolutionError, UnavailableError
from assay.core.roles import Right
from assay.core.spec import parse_pin
from assay.flow.compose.align import Proposal, propose
from assay.store.reads.consistency import consistency as read
from assay.store.reads.duplicates import Group, Member
from assay.store.reads.duplicates import duplicates as read_duplicates

router = Router(tags=["Consistency"])
SHOWN = 50  # environments listed for each version; `count` counts all


@router.get("/consistency", response=Items)
@needs(Right.SEE)
def consistency(
    request: Caller,
    workspace: str,
    library: str = "",
    diverging: bool = True,  # noqa: FBT001, FBT002 - a query parameter
    conflicts: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    limit: Limit = 50,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List libraries with their live versions.

    By default, libraries with different versions only; `diverging=false` lists all, `library` one.
    """
    page = read(
        request.actor,
        library=library,
        diverging=diverging,
        conflicts=conflicts,
        limit=limit,
        cursor=cursor,
    )
    return {"items": [spread_document(row) for row in page.rows], "next": page.next or None}


@router.post("/consistency/propose", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def propose_moves(request: Caller, workspace: str, body: MoveIn) -> dict[str, Any]:
    """Propose to move a library to one version in several environments.

    Each item reports whether the move resolves and what else changes. With `create`, drafts are created.
    """
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
def duplicates(request: Caller, workspace: str, limit: Limit = 20, cursor: Cursor = "") -> dict[str, Any]:
    """List groups of nearly identical environments.

    Each member lists what its users gain and lose by moving to the environment that is kept.
    """
    page = read_duplicates(request.actor, limit=limit, cursor=cursor)
    return {"items": [_group(one) for one in page.rows], "next": page.next or None}


def _group(group: Group) -> dict[str, Any]:
    return {
        "environments": list(group.references),
        "keep": group.kept,
        "members": [_member(one) for one in group.members],
    }


def _member(member: Member) -> dict[str, Any]:
    """Return what the users of one environment gain and lose."""
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
