"""Summaries of use: what each environment and version was used, takes on disk and costs in each period.

A summary is computed again when its environment's use, versions or files have changed, on a new day, and after a
change of prices. Each step computes a bounded number, so that other work of the worker never waits long.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assay.core.lifecycle import Status
from assay.core.prices import Prices
from assay.core.usage import PERIODS, day_of
from assay.flow.usage.counting import lock_counting
from assay.flow.usage.prices import current_prices
from assay.store.models import Environment, PeriodicTask, UsageSummary, Version, VersionUsage
from assay.store.reads.disk_usage import bytes_by_environment, environments_whose_own_bytes_change, own_by_version
from assay.store.reads.use_sums import PeriodSums, Sums, sums_of
from assay.store.sort_columns import write_recent_people

BATCH = 100  # environments that one transaction computes
LATE = timedelta(minutes=1)  # after its time of change, a version's change may become visible
FILES = "usage-files"  # the task that looks for changed versions
COLUMNS = ("people", "launches", "runs", "seconds", "cost", "last_day", "size", "own_size", "computed_at")
Size = tuple[int, int]  # installed bytes, own bytes


def refresh_summaries(now: datetime) -> int:
    """Compute summaries that are stale, of at most `BATCH` environments; return of how many."""
    _mark_changed_files(now)
    today, prices = day_of(now), current_prices()
    basis = basis_of(today, prices)
    with transaction.atomic():
        lock_counting()
        environments = _stale(basis)
        if environments:
            _write(environments, sums_of(list(environments), today), prices, basis)
    return len(environments)


def basis_of(today: date, prices: Prices) -> str:
    """Return what summaries of today are computed from: the day and the prices."""
    return f"{today} {hashlib.sha256(prices.basis.encode()).hexdigest()[:16]}"


def _stale(basis: str) -> dict[int, int]:
    """Return some environments to compute, with their workspaces: those without a summary first."""
    published = Version.objects.filter(published_at__isnull=False).values("environment")
    known = UsageSummary.objects.filter(days=PERIODS[0])
    missing = Environment.objects.filter(pk__in=published).exclude(pk__in=known.values("environment"))
    found = dict(missing.values_list("pk", "workspace_id")[:BATCH])
    old = known.filter(Q(basis__lt=basis) | Q(basis__gt=basis))
    return found | dict(old.values_list("environment_id", "workspace_id")[: BATCH - len(found)])


def _write(environments: dict[int, int], sums: PeriodSums, prices: Prices, basis: str) -> None:
    sizes, own = bytes_by_environment(list(environments)), own_by_version(list(environments))
    summaries = [
        UsageSummary(
            workspace_id=workspace,
            environment_id=pk,
            basis=basis,
            days=days,
            **_columns(sums.environments[pk, days], days, sizes.get(pk, (0, 0)), prices),
        )
        for pk, workspace in environments.items()
        for days in PERIODS
    ]
    versions = [
        VersionUsage(
            workspace_id=environments[environment],
            version_id=pk,
            days=days,
            imported=sums.versions[pk, days].imported,
            **_columns(sums.versions[pk, days], days, (size, own.get(pk, 0)), prices),
        )
        for pk, environment, size in _published(list(environments))
        for days in PERIODS
    ]
    UsageSummary.objects.bulk_create(
        summaries,
        update_conflicts=True,
        unique_fields=["environment", "days"],
        update_fields=[*COLUMNS, "basis"],
        batch_size=500,
    )
    write_recent_people(Environment.objects.filter(pk__in=environments))
    VersionUsage.objects.bulk_create(
        versions,
        update_conflicts=True,
        unique_fields=["version", "days"],
        update_fields=[*COLUMNS, "imported"],
        batch_size=500,
    )


def _published(environments: list[int]) -> list[tuple[int, int, int]]:
    """Return the versions that were published: id, environment, installed bytes, 0 when they are retired."""
    rows = Version.objects.filter(environment__in=environments, published_at__isnull=False)
    return [
        (pk, environment, 0 if status == Status.RETIRED else size or 0)
        for pk, environment, status, size in rows.values_list("pk", "environment_id", "status", "lock__size")
    ]


def _columns(sums: Sums, days: int, size: Size, prices: Prices) -> dict[str, object]:
    use = sum(prices.of_use(kind, name, seconds) for (kind, name), seconds in sums.by_size.items())
    return {
        "people": sums.people,
        "launches": sums.launches,
        "runs": sums.runs,
        "seconds": sums.seconds,
        "cost": use + prices.of_storage(size[1], days),
        "last_day": sums.last_day,
        "size": size[0],
        "own_size": size[1],
        "computed_at": timezone.now(),
    }


def _mark_changed_files(now: datetime) -> None:
    """Mark the summaries of environments whose bytes may have changed, since versions of them or of others did."""
    task, _ = PeriodicTask.objects.get_or_create(name=FILES, defaults={"last_run_at": now})
    rows = Version.objects.filter(updated_at__gte=task.last_run_at - LATE, lock__isnull=False)
    changed = list(rows.values_list("environment_id", "lock_id"))
    stale = {environment for environment, _ in changed}
    for environment, lock in set(changed):
        stale.update(environments_whose_own_bytes_change(environment, lock))
    if stale:
        UsageSummary.objects.filter(environment__in=stale).exclude(basis="").update(basis="")
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=now)
