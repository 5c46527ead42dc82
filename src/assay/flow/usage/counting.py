"""Counting of launches: the sums per day and person equal what is computed from the launches (decision 0018).

A launch is added in one transaction with the time up to which it is counted, under a lock that only one process
holds. So a process that is killed has added a launch either wholly or not at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from assay.core.usage import day_of, end_of_use, is_final, seconds_by_day
from assay.store.models import (
    DailyUse,
    Environment,
    Launch,
    PeriodicTask,
    PersonUse,
    UsageSummary,
    WorkspaceDay,
    WorkspaceUsage,
)
from assay.store.usage_sums import Additions, UseKey, write

BATCH = 2000  # launches that one transaction adds
MOST = 10_000  # launches that one call adds, so that other work of the worker never waits long
OPEN_EVERY = timedelta(minutes=5)  # between two additions of a launch that goes on
LOCK = "usage"  # the row whose holder counts


class _Row(NamedTuple):
    pk: int
    version: int
    environment: int
    person: int
    kind: str
    size: str
    started: datetime
    ended: datetime | None
    counted_until: datetime | None


COLUMNS = (
    "pk",
    "version_id",
    "environment_id",
    "person_id",
    "kind",
    "size",
    "started_at",
    "ended_at",
    "counted_until",
)


def count_launches(now: datetime) -> int:
    """Add new launches, and what has passed of open ones, to the sums; at most `MOST`. Returns how many."""
    total = 0
    while total < MOST:
        added = _count_batch(now)
        total += added
        if added < BATCH:
            break
    return total


def rebuild(workspace_id: int) -> int:
    """Compute the sums of a workspace again from its launches. Returns how many launches were counted.

    The launches of one environment are set back in one transaction, so a rebuild that is killed is finished by the
    worker; until the end, pages show sums of what has been counted.
    """
    for environment in Environment.objects.filter(workspace_id=workspace_id).values_list("pk", flat=True):
        with transaction.atomic():
            lock_counting()
            launches = Launch.objects.filter(environment=environment)
            launches.exclude(counted=False, counted_until=None).update(counted=False, counted_until=None)
            DailyUse.objects.filter(environment=environment).delete()
            PersonUse.objects.filter(environment=environment).delete()
            UsageSummary.objects.filter(environment=environment).update(basis="")
            WorkspaceDay.objects.filter(workspace=workspace_id).update(stale=True)
    WorkspaceUsage.objects.filter(workspace=workspace_id).delete()
    total = 0
    while added := count_launches(timezone.now()):
        total += added
    return total


def lock_counting() -> None:
    """Let one process at a time change the sums, until the end of the transaction."""
    PeriodicTask.objects.get_or_create(name=LOCK, defaults={"last_run_at": timezone.now()})
    PeriodicTask.objects.select_for_update().get(name=LOCK)


def _count_batch(now: datetime) -> int:
    with transaction.atomic():
        lock_counting()
        found = _waiting(now).select_for_update().values_list(*COLUMNS)[:BATCH]
        rows = [_Row(*one) for one in found]
        if rows:
            write(_additions(rows, now))
    return len(rows)


def _waiting(now: datetime) -> QuerySet[Launch]:
    """Return the launches with something to add: new ones, ended ones, and open ones after a while."""
    due = Q(counted_until=None) | Q(ended_at__isnull=False) | Q(counted_until__lte=now - OPEN_EVERY)
    return Launch.objects.filter(due, counted=False).order_by("pk")


def _additions(rows: list[_Row], now: datetime) -> Additions:
    known = Environment.objects.filter(pk__in={row.environment for row in rows})
    workspaces = dict(known.values_list("pk", "workspace_id"))
    additions = Additions()
    for row in rows:
        end = end_of_use(row.kind, row.started, row.ended, now)
        of = (workspaces[row.environment], row.environment, row.version)
        if row.counted_until is None:
            day = day_of(row.started)
            additions.add(UseKey(*of, day, row.kind, row.size), 1, 0.0)
            additions.see(row.environment, row.version, row.person, day)
        for day, seconds in seconds_by_day(row.counted_until or row.started, end):
            additions.add(UseKey(*of, day, row.kind, row.size), 0, seconds)
        additions.counted.append((row.pk, end, is_final(row.kind, row.started, row.ended, now)))
    return additions
