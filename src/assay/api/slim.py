"""`…/slim`: a draft without the direct libraries that nobody imports, and the plan of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from ninja import Query, Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.documents import version_document
from assay.api.schemas import SlimIn
from assay.api.versions import ONE
from assay.core.errors import ConflictError, ResolutionError, UnavailableError
from assay.core.roles import Right
from assay.flow.access import find_version
from assay.flow.usage.slim import LeftOut, Slimming, create_slim, plan_slim

router = Router(tags=["Versions"])
Drop = Annotated[
    list[str], Query(default_factory=list, description="Library to leave out; repeat it. By default all of them.")
]


@router.get(f"{ONE}/slim", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def show_slim(request: Caller, workspace: str, slug: str, number: int, drop: Drop) -> dict[str, Any]:
    """Plan a version without the direct libraries that were never imported in 90 days.

    Nothing is stored. 409 says why there is nothing to leave out.
    """
    return slim_document(plan_slim(request.actor, slug, number, drop or None))


@router.post(f"{ONE}/slim", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def slim(request: Caller, workspace: str, slug: str, number: int, body: SlimIn) -> Status[dict[str, Any]]:
    """Draft a version without the direct libraries that were never imported in 90 days.

    `drop` chooses among them; 409 when one of these has been imported by now. Returns the draft, and in `slim` what
    it leaves out.
    """
    made, found = create_slim(request.actor, slug, number, body.drop)
    draft = find_version(request.actor, slug, made.number)
    return Status(201, version_document(draft) | {"slim": slim_document(found)})


def slim_document(found: Slimming) -> dict[str, Any]:
    """Return a planned slimmer version. `size` are the installed bytes of the version, `saved` those that go."""
    return {
        "version": found.version.reference,
        "sessions": found.sessions,
        "candidates": list(found.candidates),
        "drop": [_left_out(one) for one in found.dropped],
        "keep": [_left_out(one) for one in found.kept],
        "remove": [_left_out(one) for one in found.removed],
        "add": list(found.added),
        "version_changes": [asdict(one) for one in found.moved],
        "libraries": list(found.spec.libraries),
        "count": len(found.lock.libraries),
        "size": found.size,
        "saved": found.saved,
    }


def _left_out(one: LeftOut) -> dict[str, Any]:
    return asdict(one) | {"commands": list(one.commands)}
