"""`/reviews`: the review queue; `…/review`: the overview of one version."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.urls import reverse
from ninja import Router

from assay.api.access import Caller, needs
from assay.api.pagination import Cursor, Limit
from assay.api.schemas import Items
from assay.api.versions import ONE
from assay.core.errors import InvalidInputError
from assay.core.policy.findings import Effect
from assay.core.review.finding_groups import FindingGroup, group_findings, group_notes
from assay.core.review.library_changes import LibraryChange
from assay.core.review.summary import summarise_checks
from assay.core.roles import Right
from assay.flow.access import find_version
from assay.flow.downloads import built_lock
from assay.flow.maintenance.merged_sources import ReplacedSource, replaced_sources
from assay.flow.review.overview import Overview, overview
from assay.store.reads.reviews import TABS, queue

router = Router(tags=["Reviews"])


@router.get("/reviews", response=Items)
@needs(Right.REVIEW)
def reviews(
    request: Caller, workspace: str, status: str = "pending", limit: Limit = 50, cursor: Cursor = ""
) -> dict[str, Any]:
    """List the submissions of the review queue, oldest first.

    `status=pending` lists those that wait for a decision.
    """
    if status not in TABS:
        raise InvalidInputError(f"status is one of {', '.join(TABS)}.", hint="Leave it out.", path="status")
    page = queue(request.actor, status, limit=limit, cursor=cursor)
    return {"items": [asdict(row) for row in page.rows], "next": page.next or None}


@router.get(f"{ONE}/review", response=dict[str, Any])
@needs(Right.SEE)
def review(request: Caller, workspace: str, slug: str, number: int, compare_with: str = "") -> dict[str, Any]:
    """Show what a reviewer sees of a built version: summary, findings, changes, checks.

    `merges` are the versions that publishing a merge deprecates, with whom that concerns.
    `compare_with` is a reference such as `geo@3`, or `nothing`; by default the last published version before it, else
    its base. Nothing can be approved while `blocking` is not 0.
    """
    version = find_version(request.actor, slug, number)
    built_lock(version)
    found = review_document(overview(request.actor, version, compare_with))
    return found | {"merges": [_replaced(one) for one in replaced_sources(version)]}


def _replaced(one: ReplacedSource) -> dict[str, Any]:
    """Return a source of a merge; `stays` is why it is not deprecated with the others."""
    return {
        "environment": one.version.reference,
        "people": list(one.people),
        "projects": list(one.projects),
        "gain": list(one.effect.gained),
        "lose": list(one.effect.lost),
        "unserved": list(one.effect.unserved),
        "stays": one.remains or None,
    }


def review_document(found: Overview) -> dict[str, Any]:
    """Return an overview: the summary sentence, findings in groups, library changes, and checks."""
    version = found.version
    page = reverse("review", args=[version.environment.slug, version.number])
    decisive = [one for one in found.findings if one.effect is not Effect.NOTE]
    notes = group_notes(one for one in found.findings if one.effect is Effect.NOTE)
    changes = found.changes
    return {
        "reference": version.reference,
        "title": version.environment.title,
        "status": version.status,
        "digest": version.digest,
        "url": settings.PUBLIC_URL + page,
        "compared_with": found.other.reference if found.other else None,
        "sentence": found.summary.sentence,
        "assessed": found.verdict.feed is not None,
        "blocking": sum(one.effect is Effect.BLOCK for one in decisive),
        "warnings": sum(one.effect is Effect.WARN for one in decisive),
        "findings": [_finding_group(one) for one in group_findings(decisive)],
        "waived": [
            {"id": one.id, "words": one.words, "by": waiver.by, "reason": waiver.reason, "until": waiver.until}
            for one, waiver in found.waived
        ],
        "notes": [{"words": one.words, "count": len(one.findings)} for one in notes],
        "changes": [
            *(_change(one, "shown") for one in changes.open),
            *(_change(one, "folded") for one in changes.folded),
            *(_change(one, "approved before") for one in changes.accepted),
        ],
        "checks": {
            "sentence": summarise_checks(found.report.checks),
            "items": [{"name": one.name, "state": one.state, "detail": one.detail} for one in found.report.checks],
        },
    }


def _finding_group(group: FindingGroup) -> dict[str, Any]:
    return {
        "effect": str(group.effect),
        "kind": group.kind,
        "library": group.library,
        "version": group.version,
        "words": group.words,
        "advice": group.findings[0].advice,
        "ids": [one.id for one in group.findings],
    }


def _change(change: LibraryChange, shown: str) -> dict[str, Any]:
    """Return a changed library; `shown` is `shown`, `folded` or `approved before`."""
    row = change.row
    return {
        "library": row.name,
        "before": row.versions[0],
        "after": row.versions[-1],
        "change": str(row.change),
        "step": row.step and str(row.step),
        "direct": row.direct,
        "via": list(row.via),
        "new": change.new,
        "index": row.indexes[-1],
        "default_index": not change.index,
        "licences": [row.licences[0], row.licences[-1]],
        "licence_changed": row.licence_changed,
        "growth": row.growth,
        "shown": shown,
    }
