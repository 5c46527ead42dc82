"""What comes back every night: looking at all files again, and clearing away what nothing needs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from assay.flow.build.garbage_collection import collect
from assay.flow.build.verify import queue_all
from assay.flow.review.waive import record_expiring_waivers
from assay.store.models import PeriodicTask

log = logging.getLogger("assay.chores")


def advance() -> bool:
    """Do what is due. Returns False: chores keep nobody busy."""
    for name, do in CHORES.items():
        if is_due(name):
            do()
    return False


def is_due(name: str) -> bool:
    """Say whether a chore is due, and take it; the first time is one interval after the first start."""
    hours = settings.MAINTENANCE_HOURS
    if not hours:
        return False
    now = timezone.now()
    PeriodicTask.objects.get_or_create(name=name, defaults={"last_run_at": now})
    late = PeriodicTask.objects.filter(name=name, last_run_at__lte=now - timedelta(hours=hours))
    return bool(late.update(last_run_at=now))


def _verify() -> None:
    log.info("Looking at the files of %d environments", queue_all())


def _collect() -> None:
    removed = collect(dry_run=False)
    if removed:
        log.info("Cleared away %d directories, %d bytes", len(removed), sum(one.size for one in removed))


def _tell_waivers() -> None:
    told = record_expiring_waivers()
    if told:
        log.info("%d waivers end soon", told)


CHORES: dict[str, Callable[[], None]] = {"verify": _verify, "collect": _collect, "waivers": _tell_waivers}
