"""What monitoring counts in the whole installation: work by its state, launches, submissions, deliveries, health."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from assay.core.lifecycle import ACTIVE_BUILD, Health, Status
from assay.store.models import Build, Delivery, Run, Server, Version, WorkspaceDay

OPEN_RUNS = ("queued", "running")
OPEN_SERVERS = ("starting", "ready", "stopping")


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Numbers by state of what is open and of what has ended; `launches` since the first day."""

    builds: dict[str, int]
    builds_ended: dict[str, int]
    runs: dict[str, int]
    runs_ended: dict[str, int]
    servers: dict[str, int]
    launches: int
    submissions: int
    deliveries: int


def totals() -> Totals:
    """Count: six queries, each answered by an index."""
    builds, runs = _by_state(Build), _by_state(Run)
    servers = _by_state(Server, state__in=OPEN_SERVERS)
    return Totals(
        builds={str(one): builds.get(one, 0) for one in ACTIVE_BUILD},
        builds_ended={state: count for state, count in builds.items() if state not in ACTIVE_BUILD},
        runs={one: runs.get(one, 0) for one in OPEN_RUNS},
        runs_ended={state: count for state, count in runs.items() if state not in OPEN_RUNS},
        servers={one: servers.get(one, 0) for one in OPEN_SERVERS},
        launches=WorkspaceDay.objects.aggregate(sum=Sum("launches", default=0))["sum"],
        submissions=Version.objects.filter(status=Status.PENDING).count(),
        deliveries=Delivery.objects.filter(next_at__isnull=False).count(),
    )


def published_by_health() -> dict[str, int]:
    """Return the number of published and deprecated versions by health: one query, which reads all of them."""
    rows = Version.objects.filter(status__in=(Status.PUBLISHED, Status.DEPRECATED)).order_by()
    found = dict(rows.values_list("health").annotate(count=Count("pk")))
    return {str(one): found.get(one, 0) for one in Health}


def _by_state(model: type[Build | Run | Server], **only: object) -> dict[str, int]:
    rows = model.objects.filter(**only).order_by()
    return dict(rows.values_list("state").annotate(count=Count("pk")))
