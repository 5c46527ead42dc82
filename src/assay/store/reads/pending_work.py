"""The counts that every page shows: submissions to review, versions that need attention, unread notifications."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.roles import Actor, Right
from assay.store.models import Notification, Workspace
from assay.store.reads.counting import CountOf
from assay.store.reads.health import open_issues
from assay.store.reads.reviews import submissions_for

MOST = 100  # rows that are counted: every page waits for that


@dataclass(frozen=True, kw_only=True)
class PendingWork:
    """What waits for a person, counted up to `MOST`; `submissions` and `health` are 0 for those who do not review."""

    submissions: int = 0
    health: int = 0
    unread: int = 0


def pending_work(actor: Actor) -> PendingWork:
    """Return what waits for a person: one query."""
    unread = Notification.objects.filter(workspace_id=actor.workspace_id, person_id=actor.id, read_at=None)
    counts = {"unread": CountOf(unread.values("pk")[:MOST])}
    if actor.has(Right.REVIEW):
        counts["submissions"] = CountOf(submissions_for(actor).values("pk")[:MOST])
        counts["health"] = CountOf(open_issues(actor).values("pk")[:MOST])
    return PendingWork(**Workspace.objects.filter(pk=actor.workspace_id).annotate(**counts).values(*counts).get())
