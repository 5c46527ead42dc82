"""The counts that every page shows: submissions to review, versions that need attention, unread notifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.core.roles import Actor, Right, Role
from assay.store.models import Notification, Workspace
from assay.store.reads.counting import CountOf
from assay.store.reads.health import open_issues
from assay.store.reads.reviews import submissions_for
from assay.store.statements import Parameter, Statement

MOST = 100  # rows that are counted: every page waits for that


@dataclass(frozen=True, kw_only=True)
class PendingWork:
    """What waits for a person, counted up to `MOST`; `submissions` and `health` are 0 for those who do not review."""

    submissions: int = 0
    health: int = 0
    unread: int = 0


def pending_work(actor: Actor) -> PendingWork:
    """Return what waits for a person: one query."""
    statement = COUNTS[actor.has(Right.REVIEW)]
    return PendingWork(**(statement.first(workspace=actor.workspace_id, person=actor.id) or {}))


def _counts(role: Role) -> Any:  # noqa: ANN401 - a query with columns that types do not know
    """Return the counts of a person with a role."""
    person: Any = Parameter("person")
    workspace: Any = Parameter("workspace")
    actor = Actor(id=person, name="", role=role, workspace_id=workspace)
    unread = Notification.objects.filter(workspace_id=workspace, person_id=person, read_at=None)
    counts = {"unread": CountOf(unread.values("pk")[:MOST])}
    if actor.has(Right.REVIEW):
        counts["submissions"] = CountOf(submissions_for(actor).values("pk")[:MOST])
        counts["health"] = CountOf(open_issues(actor).values("pk")[:MOST])
    return Workspace.objects.filter(pk=workspace).annotate(**counts).values(*counts)


COUNTS = {False: Statement(lambda: _counts(Role.MEMBER)), True: Statement(lambda: _counts(Role.REVIEWER))}
