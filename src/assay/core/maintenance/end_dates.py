"""Reminders before the planned end of a deprecated version."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

REMINDERS = (30, 7, 1)  # days before the end


def due_reminder(ends_at: datetime, now: datetime, reminded: int | None) -> int | None:
    """Return the reminder that is due, in days before the end; None when none is.

    After a pause only the nearest one is due: nobody is reminded of 30 days when 5 are left.
    """
    left = days_left(ends_at, now)
    due = [days for days in REMINDERS if left <= days and (reminded is None or days < reminded)]
    return min(due, default=None)


def days_left(ends_at: datetime, now: datetime) -> int:
    """Return the days until the end, rounded up."""
    return math.ceil((ends_at - now) / timedelta(days=1))
