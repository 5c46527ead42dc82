"""`…/versions/{n}/renew` and `/environments/{slug}/owner`: renewed approvals, and who an environment belongs to."""

from __future__ import annotations

from typing import Any

from ninja import Router

from assay.api.access import Caller, needs, raises
from assay.api.documents import environment_document
from assay.api.schemas import Body, example
from assay.api.versions import ONE, shown
from assay.core.errors import ConflictError
from assay.core.maintenance.approval_validity import ApprovalEnd
from assay.core.maintenance.renewal import LibraryNews
from assay.core.policy.findings import Finding
from assay.core.roles import Right
from assay.flow.access import find_environment, visible_versions
from assay.flow.maintenance.approval_end import approval_end
from assay.flow.maintenance.ownership import give_environment
from assay.flow.maintenance.renewal import ChangesSinceApproval, changes_since_approval, renew

router = Router(tags=["Review list"])


class RenewIn(Body):
    """Why it is still good; the digest and the IDs of the warnings that you saw, each compared if it is given."""

    model_config = example({"reason": "Still used daily; nothing new is open.", "digest": "9f86d081884c7d65…"})

    reason: str
    digest: str | None = None
    seen: list[str] | None = None


class OwnerIn(Body):
    """The user name of the new owner. `seen` is the owner that you saw; 409 when it is another one now."""

    model_config = example({"owner": "ana", "seen": "ben"})

    owner: str
    seen: str | None = None


@router.get(f"{ONE}/renewal", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def show_changes(request: Caller, workspace: str, slug: str, number: int) -> dict[str, Any]:
    """Show what changed since a version was approved, and until when that is good."""
    version, found = changes_since_approval(request.actor, slug, number)
    return {"reference": version.reference, "digest": version.digest} | changes_document(found)


@router.post(f"{ONE}/renew", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def renew_approval(request: Caller, workspace: str, slug: str, number: int, body: RenewIn) -> dict[str, Any]:
    """Renew the approval of a published version: it counts from now.

    Reviewers only, and not the author alone unless the workspace allows it. A blocking finding without a waiver is a
    conflict.
    """
    version = renew(request.actor, slug, number, reason=body.reason, digest=body.digest, seen=body.seen)
    return shown(request.actor, slug, number) | {"approval": end_document(approval_end(version))}


@router.post("/environments/{slug}/owner", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def give(request: Caller, workspace: str, slug: str, body: OwnerIn) -> dict[str, Any]:
    """Give an environment to another member.

    Its owner or an administrator may. Both owners are notified.
    """
    give_environment(request.actor, slug, body.owner, seen=body.seen)
    environment = find_environment(request.actor, slug)
    return environment_document(environment, visible_versions(request.actor, environment))


def changes_document(found: ChangesSinceApproval) -> dict[str, Any]:
    """Return what changed since an approval."""
    return {
        "approved": found.approved_at,
        "approval": end_document(found.end),
        "assessed": found.verdict.feed is not None,
        "new": [_finding(one) for one in found.new],
        "blocking": [_finding(one) for one in found.verdict.blocking],
        "warnings": [_finding(one) for one in found.verdict.warnings],
        "libraries": [_news(one) for one in found.libraries],
        "python_ends": found.python_ends,
        "people": len(found.impact.people),
        "projects": len(found.impact.projects),
        "derived": list(found.impact.derived.references),
        "renewals": [{"by": one.by.get_username(), "at": one.at, "reason": one.reason} for one in found.renewals],
    }


def end_document(end: ApprovalEnd | None) -> dict[str, Any] | None:
    """Return the end of an approval, None for one that does not end."""
    return {"ends": end.ends, "expired": end.expired, "words": end.words} if end else None


def _finding(one: Finding) -> dict[str, Any]:
    return {"id": one.id, "effect": str(one.effect), "library": one.library, "words": one.words, "advice": one.advice}


def _news(one: LibraryNews) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "direct": one.direct,
        "newest": one.newest or None,
        "step": str(one.step) if one.step else None,
        "licences": list(one.licences) if one.licences else None,
        "status": one.status or None,
    }
