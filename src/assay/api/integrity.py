"""`…/verify` and `…/rebuild`: are the files still what was built, and making them so again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Router, Status

from assay.api.access import Caller, needs
from assay.core.roles import Right
from assay.flow.build.build import request_repair
from assay.flow.build.verify import find_verification, request_verification
from assay.store.models import Verification

router = Router(tags=["upkeep"])
ONE = "/environments/{slug}/versions/{int:number}"


@router.post(f"{ONE}/verify", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
def verify(request: Caller, workspace: str, slug: str, number: int) -> Status[dict[str, Any]]:
    """Queue a look at all files of a built version; while one is open, the same one is returned."""
    return Status(202, {"verification": str(request_verification(request.actor, slug, number).pk)})


@router.get("/verifications/{uuid:verification}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, verification: UUID) -> dict[str, Any]:
    """Show how far it is and what was seen."""
    return _document(find_verification(request.actor, str(verification)))


@router.post(f"{ONE}/rebuild", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
def rebuild(request: Caller, workspace: str, slug: str, number: int) -> Status[dict[str, Any]]:
    """Build the very same lock once more, to take the place of files that have drifted."""
    return Status(202, {"build": str(request_repair(request.actor, slug, number).pk)})


def _document(found: Verification) -> dict[str, Any]:
    report = found.lock.report
    return {
        "id": str(found.pk),
        "state": found.state,
        "progress": {
            "done": found.progress.get("done", 0),
            "total": report["files"],
            "bytes_done": found.progress.get("bytes_done", 0),
            "bytes_total": report["size"],
        },
        "digest": found.lock.digest,
        "outcome": found.outcome,
        "created": found.created_at,
        "finished": found.finished_at,
    }
