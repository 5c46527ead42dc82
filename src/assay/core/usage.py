"""Sums of usage: on which days a launch ran, when an open one is taken to end, and the periods that are shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

PERIODS = (7, 30, 90, 365)  # days, today among them
DEFAULT_PERIOD = 90
PROJECTS = ("run", "app")  # kinds of launches by projects
# A kernel that never reports its end (its machine was switched off) counts this long. Servers, runs and apps are
# watched by the server, which records their end; a kernel that does report its end counts in full.
KERNEL_LIMIT = timedelta(hours=24)


def first_day(days: int, today: date) -> date:
    """Return the first of the last `days` days, of which `today` is the last."""
    return today - timedelta(days=days - 1)


def end_of_use(kind: str, started: datetime, ended: datetime | None, now: datetime) -> datetime:
    """Return the time up to which a launch counts at `now`; never before its start, whatever the clocks say."""
    if ended is not None:
        return max(started, ended)
    limit = started + KERNEL_LIMIT if kind == "kernel" else now
    return max(started, min(now, limit))


def is_final(kind: str, started: datetime, ended: datetime | None, now: datetime) -> bool:
    """Return whether a launch has nothing more to count, unless its end is reported later."""
    return ended is not None or (kind == "kernel" and now >= started + KERNEL_LIMIT)


def seconds_by_day(begin: datetime, end: datetime) -> Iterator[tuple[date, float]]:
    """Yield each day (UTC) between two times with its seconds; negative ones where `end` is before `begin`."""
    sign, start, stop = (1, begin, end) if begin <= end else (-1, end, begin)
    start, stop = start.astimezone(UTC), stop.astimezone(UTC)
    while start < stop:
        midnight = datetime.combine(start.date() + timedelta(days=1), time(), UTC)
        until = min(midnight, stop)
        yield start.date(), sign * (until - start).total_seconds()
        start = until


def day_of(moment: datetime) -> date:
    """Return the day (UTC) of a time."""
    return moment.astimezone(UTC).date()


def day_start(day: date) -> datetime:
    """Return the first moment of a day (UTC)."""
    return datetime.combine(day, time(), UTC)
