"""`…/verify` and `…/rebuild`: compare the files of a version with what was built, and build them again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.core.errors import ConflictError
from assay.core.roles import Right
from assay.flow.build.build import request_repair
from assay.flow.build.verify import find_verification, request_verification
from assay.store.models import Verification

router = Router(tags=["Integrity"])
ONE = "/environments/{slug}/versions/{int:number}"


@router.post(f"{ONE}/verify", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def verify(request: Caller, workspace: str, slug: str, number: int) -> Status[dict[str, Any]]:
    """Verify the files of a built version.

    While a verification of the same files is open, that one is returned.
    """
    return Status(202, {"verification": str(request_verification(request.actor, slug, number).pk)})


@router.get("/verifications/{uuid:verification}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, verification: UUID) -> dict[str, Any]:
    """Show the progress and the outcome of a verification."""
    return _document(find_verification(request.actor, str(verification)))


@router.post(f"{ONE}/rebuild", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def rebuild(request: Caller, workspace: str, slug: str, number: int) -> Status[dict[str, Any]]:
    """Rebuild a version from its lock.

    The new files replace files that have changed.
    """
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
