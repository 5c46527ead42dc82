"""Periodic tasks: verifying files, garbage collection, waivers and approvals that expire, ends of versions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from assay.flow.build.garbage_collection import collect
from assay.flow.build.verify import queue_all
from assay.flow.maintenance import end_dates
from assay.flow.maintenance.renewal import remind_of_approvals
from assay.flow.review.waive import record_expiring_waivers
from assay.flow.usage.recording import remove_old
from assay.store.models import PeriodicTask

log = logging.getLogger("assay.periodic")


def advance() -> bool:
    """Run the tasks that are due. Returns False: they never keep the worker's loop busy."""
    _end_versions()
    for name, run in TASKS.items():
        if is_due(name):
            run()
    return False


def is_due(name: str) -> bool:
    """Return whether a task is due, and record its run; the first is one interval after the first start."""
    hours = settings.MAINTENANCE_HOURS
    if not hours:
        return False
    now = timezone.now()
    PeriodicTask.objects.get_or_create(name=name, defaults={"last_run_at": now})
    late = PeriodicTask.objects.filter(name=name, last_run_at__lte=now - timedelta(hours=hours))
    return bool(late.update(last_run_at=now))


def _end_versions() -> None:
    """Remind of ends and retire what has ended; each is one query when there is nothing to do."""
    now = timezone.now()
    reminded, retired = end_dates.remind(now), end_dates.retire_ended(now)
    if reminded or retired:
        log.info("%d versions end soon, %d have ended", reminded, retired)


def _verify() -> None:
    log.info("Verifying the files of %d environments", queue_all())


def _collect() -> None:
    removed = collect(dry_run=False)
    if removed:
        log.info("Removed %d directories, %d bytes", len(removed), sum(one.size for one in removed))


def _remind_of_waivers() -> None:
    expiring = record_expiring_waivers()
    if expiring:
        log.info("%d waivers expire soon", expiring)


def _remind_of_approvals() -> None:
    ending = remind_of_approvals()
    if ending:
        log.info("%d approvals need renewing", ending)


def _remove_imports() -> None:
    removed = remove_old()
    if removed:
        log.info("Removed %d old records of imports", removed)


TASKS: dict[str, Callable[[], None]] = {
    "verify": _verify,
    "collect": _collect,
    "waivers": _remind_of_waivers,
    "approvals": _remind_of_approvals,
    "imports": _remove_imports,
}
