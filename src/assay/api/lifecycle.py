"""`…/versions/{number}/impact`, `deprecate`, `retire` and the like: the impact of ending a version, and its end."""

from __future__ import annotations

from typing import Any

from ninja import Router

from assay.api.access import Caller, needs, raises
from assay.api.documents import build_document, version_document
from assay.api.schemas import Deprecate, Reason, Reinstate
from assay.core.errors import ConflictError
from assay.core.maintenance.successor import Coverage
from assay.core.roles import Actor, Right
from assay.flow import retire
from assay.flow.access import find_version
from assay.flow.maintenance import reinstate
from assay.flow.maintenance.impact import Impact, freed_by, show_impact
from assay.flow.maintenance.successors import propose_successors

router = Router(tags=["Versions"])
LISTED = 100  # names, projects and versions in one document
ONE = "/environments/{slug}/versions/{int:number}"


def shown(actor: Actor, slug: str, number: int) -> dict[str, Any]:
    """Return the current state of a version."""
    return version_document(find_version(actor, slug, number))


@router.get(f"{ONE}/impact", response=dict[str, Any])
@needs(Right.REVIEW)
def show(request: Caller, workspace: str, slug: str, number: int, successor: str | None = None) -> dict[str, Any]:
    """Show who and what is affected by ending a version.

    `successor` is `name@number`, or `name`; without it the one that the version names. `covers` is the percentage of
    the imported libraries that it has; where no import is recorded, `by` is `asked` and the direct libraries count.
    At most 100 names, projects and derived versions are listed; `people` and `counts` count all. `proposals` are the
    best successors. `token` goes with the action that you take then.
    """
    found = show_impact(request.actor, slug, number, successor)
    proposals = [
        {"environment": one.reference, **coverage_document(one.coverage)} for one in propose_successors(found.version)
    ]
    return impact_document(found) | {"proposals": proposals}


def impact_document(found: Impact) -> dict[str, Any]:
    """Return an impact. Without a successor `covers` is null and nothing is lost or moved."""
    return {
        "environment": found.version.reference,
        "successor": found.successor.reference if found.successor else None,
        "people": len(found.people),
        "names": [one.name for one in found.people[:LISTED]],
        "projects": [
            {
                "slug": one.slug,
                "kind": one.kind,
                "owner": one.owner,
                "schedule": one.schedule,
                "serving": one.serving,
                "pinned": one.pinned,
            }
            for one in found.projects[:LISTED]
        ],
        "derived": list(found.derived.references[:LISTED]),
        "counts": {"projects": len(found.projects), "derived": found.derived.total},
        "drafts": found.derived.drafts,
        "running": {
            "servers": found.running.servers,
            "runs": found.running.runs,
            "apps": found.running.apps,
            "schedules": found.schedules,
        },
        "frees": freed_by(found.version),
        **coverage_document(found.coverage),
        "token": found.token,
    }


def coverage_document(found: Coverage | None) -> dict[str, Any]:
    """Return how well a successor covers a version."""
    if found is None:
        return {"covers": None, "by": None, "lost": [], "moved": []}
    return {
        "covers": found.covers,
        "by": str(found.by),
        "lost": list(found.lost),
        "moved": [
            {"name": one.name, "from": one.before, "to": one.after, "change": str(one.change), "step": str(one.step)}
            for one in found.moved
        ],
    }


@router.post(f"{ONE}/deprecate", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def deprecate(request: Caller, workspace: str, slug: str, number: int, body: Deprecate) -> dict[str, Any]:
    """Deprecate a published version.

    It stays usable. `successor` is the version to use instead, `ends` the planned end: then it is retired.
    """
    retire.deprecate(
        request.actor,
        slug,
        number,
        reason=body.reason,
        successor=body.successor,
        ends_at=body.ends,
        impact=body.impact,
    )
    return shown(request.actor, slug, number)


@router.put(f"{ONE}/deprecation", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def change_deprecation(request: Caller, workspace: str, slug: str, number: int, body: Deprecate) -> dict[str, Any]:
    """Change the deprecation of a deprecated version.

    A field that is left out is emptied: no successor, no planned end.
    """
    retire.change_deprecation(
        request.actor,
        slug,
        number,
        reason=body.reason,
        successor=body.successor,
        ends_at=body.ends,
        impact=body.impact,
    )
    return shown(request.actor, slug, number)


@router.post(f"{ONE}/restore", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def restore(request: Caller, workspace: str, slug: str, number: int) -> dict[str, Any]:
    """Restore a deprecated version.

    The version is published again.
    """
    retire.restore(request.actor, slug, number)
    return shown(request.actor, slug, number)


@router.post(f"{ONE}/retire", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def retire_version(request: Caller, workspace: str, slug: str, number: int, body: Reason) -> dict[str, Any]:
    """Retire a deprecated version.

    New launches are refused, and its name leads to its successor. What runs in it is stopped after 24 hours.
    """
    retire.retire(request.actor, slug, number, reason=body.reason, force=body.force, impact=body.impact)
    return shown(request.actor, slug, number)


@router.post(f"{ONE}/reinstate", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def reinstate_version(request: Caller, workspace: str, slug: str, number: int, body: Reinstate) -> dict[str, Any]:
    """Reinstate a retired version.

    It is deprecated again, without a planned end. `rebuild` is the build that makes its removed files again from its
    lock, null while they are there.
    """
    _, build = reinstate.reinstate(request.actor, slug, number, impact=body.impact)
    return shown(request.actor, slug, number) | {"rebuild": build_document(build) if build else None}


@router.post(f"{ONE}/quarantine", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def quarantine(request: Caller, workspace: str, slug: str, number: int, body: Reason) -> dict[str, Any]:
    """Quarantine a version.

    New launches are refused until it is released.
    """
    retire.quarantine(request.actor, slug, number, reason=body.reason, impact=body.impact)
    return shown(request.actor, slug, number)


@router.post(f"{ONE}/release", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def release(request: Caller, workspace: str, slug: str, number: int, body: Reason) -> dict[str, Any]:
    """Release a version from quarantine."""
    retire.release(request.actor, slug, number, reason=body.reason, impact=body.impact)
    return shown(request.actor, slug, number)
