"""Health of published versions: counts by health, open and closed entries, and the state of index queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from assay.core.lifecycle import NOT_ASSESSED, Health, Status
from assay.core.roles import Actor
from assay.store.models import HealthIssue, ProjectFacts, Version

LIVE = (Status.PUBLISHED, Status.DEPRECATED)


@dataclass(frozen=True, kw_only=True)
class IndexFetches:
    """How many projects were fetched from the index, and the oldest and newest fetch time; None for never."""

    projects: int
    oldest: datetime | None
    newest: datetime | None


def health_counts(workspace_id: int) -> dict[str, int]:
    """Return the number of published versions by the health that is shown: one query."""
    rows = Version.objects.filter(environment__workspace_id=workspace_id, status__in=LIVE)
    unknown = Count("pk", filter=Q(health=Health.OK, assessment__feed=None))
    counted = rows.aggregate(unknown=unknown, **{str(one): Count("pk", filter=Q(health=one)) for one in Health})
    return {
        str(Health.OK): counted["ok"] - counted["unknown"],
        str(Health.ATTENTION): counted["attention"],
        str(Health.QUARANTINED): counted["quarantined"],
        NOT_ASSESSED: counted["unknown"],
    }


def open_issues(actor: Actor) -> QuerySet[HealthIssue]:
    """Select the open health issues of the workspace.

    `Exists` makes SQLite start from the open issues; with a join it starts from all environments.
    """
    versions = Version.objects.filter(pk=OuterRef("version_id"), environment__workspace_id=actor.workspace_id)
    return HealthIssue.objects.filter(Exists(versions), closed_at=None)


def open_entry(version: Version) -> HealthIssue | None:
    """Return the open entry of a version, None when there is none: one query."""
    return HealthIssue.objects.filter(version=version, closed_at=None).first()


def settled(workspace_id: int) -> QuerySet[HealthIssue]:
    """Return the closed entries, last closed first."""
    rows = HealthIssue.objects.filter(closed_at__isnull=False, version__environment__workspace_id=workspace_id)
    return rows.select_related("version__environment").order_by("-closed_at")


def index_fetches() -> IndexFetches:
    """Return how many projects were fetched from the index, and when: one query."""
    found = ProjectFacts.objects.aggregate(count=Count("pk"), first=Min("fetched_at"), last=Max("fetched_at"))
    return IndexFetches(projects=found["count"], oldest=found["first"], newest=found["last"])
