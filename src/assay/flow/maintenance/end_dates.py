"""The planned end of deprecated versions: reminders before it, and retirement when it is reached."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from assay.core.errors import ConflictError
from assay.core.events import AUTOMATIC, EventName
from assay.core.lifecycle import Status
from assay.core.maintenance.end_dates import REMINDERS, days_left, due_reminder
from assay.core.maintenance.notices import ending
from assay.flow.maintenance.redirects import redirect_of
from assay.flow.retire import end_use
from assay.store.audit_log import record_version
from assay.store.models import Version

RULE = "end date"  # names the rule in events


def remind(now: datetime) -> int:
    """Record an event for each deprecated version that ends in 30, 7 or 1 days, once for each; return how many."""
    soon = Version.objects.filter(
        status=Status.DEPRECATED, ends_at__gt=now, ends_at__lte=now + timedelta(days=max(REMINDERS))
    )
    count = 0
    for version in soon.select_related("environment").order_by("pk"):
        if version.ends_at is not None and (days := due_reminder(version.ends_at, now, version.end_reminded)):
            count += _remind(version, version.ends_at, now, days)
    return count


def _remind(version: Version, ends_at: datetime, now: datetime, days: int) -> int:
    left = days_left(ends_at, now)
    instead = ending(None, redirect_of(version))
    words = f"in {left} day{'s' if left != 1 else ''}, on {ends_at:%Y-%m-%d}.{instead}"
    with transaction.atomic():
        unchanged = Version.objects.filter(
            pk=version.pk, status=Status.DEPRECATED, ends_at=ends_at, end_reminded=version.end_reminded
        )
        reminded = unchanged.update(end_reminded=days)
        if reminded:
            record_version(EventName.VERSION_ENDS_SOON, version, AUTOMATIC, reason=words, rule=RULE, days=left)
    return reminded


def retire_ended(now: datetime) -> int:
    """Retire each deprecated version whose end is reached; return how many.

    What runs in it may go on for the grace period. A version that is changed at the same moment is left as it is.
    """
    ended = Version.objects.filter(status=Status.DEPRECATED, ends_at__lte=now)
    count = 0
    for version in ended.select_related("environment", "lock").order_by("pk"):
        try:
            end_use(version, AUTOMATIC, reason=version.reason, now=now, rule=RULE)
        except ConflictError:
            continue
        count += 1
    return count
