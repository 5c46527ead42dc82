"""Health of all published versions at a glance: how many are well, and what is open and was settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q, QuerySet

from assay.core.lifecycle import NOT_ASSESSED, Health, Status
from assay.core.roles import Actor
from assay.store.models import HealthIssue, ProjectFacts, Version

LIVE = (Status.PUBLISHED, Status.DEPRECATED)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How many projects the index was asked about, and when first and last; None when never."""

    projects: int
    oldest: datetime | None
    newest: datetime | None


def health_counts(workspace_id: int) -> dict[str, int]:
    """Count the published versions by the health that is told of them: one query."""
    rows = Version.objects.filter(environment__workspace_id=workspace_id, status__in=LIVE)
    unknown = Count("pk", filter=Q(health=Health.OK, assessment__feed=None))
    counted = rows.aggregate(unknown=unknown, **{str(one): Count("pk", filter=Q(health=one)) for one in Health})
    return {
        str(Health.OK): counted["ok"] - counted["unknown"],
        str(Health.ATTENTION): counted["attention"],
        str(Health.QUARANTINED): counted["quarantined"],
        NOT_ASSESSED: counted["unknown"],
    }


def open_health(actor: Actor) -> int:
    """Count the versions that need a look: one query, on every page's badge."""
    rows = HealthIssue.objects.filter(closed_at=None, version__environment__workspace_id=actor.workspace_id)
    return rows.count()


def open_entry(version: Version) -> HealthIssue | None:
    """Return what came up since a version was approved and is still open: one query."""
    return HealthIssue.objects.filter(version=version, closed_at=None).first()


def settled(workspace_id: int) -> QuerySet[HealthIssue]:
    """Return the entries that were closed, the last one first."""
    rows = HealthIssue.objects.filter(closed_at__isnull=False, version__environment__workspace_id=workspace_id)
    return rows.select_related("version__environment").order_by("-closed_at")


def index_asked() -> Asked:
    """Say about how many projects the index was asked, and when: one query."""
    found = ProjectFacts.objects.aggregate(count=Count("pk"), first=Min("fetched_at"), last=Max("fetched_at"))
    return Asked(projects=found["count"], oldest=found["first"], newest=found["last"])
