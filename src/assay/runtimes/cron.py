"""When a schedule is due: lines of cron with a time zone.

A clock that is set forward or back by law moves a time as Debian's cron does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from assay.core.errors import InvalidInputError

FIELDS = 5  # minute, hour, day of month, month, day of week


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name. Raises InvalidInputError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"There is no time zone {name[:40]!r}.", hint="Write it as Europe/Berlin, or UTC.", path="timezone"
        ) from error


def next_time(cron: str, zone: str, after: datetime) -> datetime | None:
    """Return the first time after `after` that a schedule names (UTC), None for no schedule.

    Raises InvalidInputError for a line that cannot be read or that names no time within fifty years.
    """
    if not cron:
        return None
    where = zone_of(zone)
    try:
        _check_fields(cron)
        return next(CronSim(cron, after.astimezone(where))).astimezone(UTC)
    except (CronSimError, StopIteration) as error:
        raise InvalidInputError(
            f"{cron[:60]!r} names no times: {error or 'there is no such day'}.",
            hint="Write minute hour day month weekday, such as 30 6 * * 1-5.",
            path="schedule",
        ) from error


def _check_fields(cron: str) -> None:
    """Raise CronSimError for a line with seconds, which the worker does not look at."""
    if len(cron.split()) != FIELDS:
        raise CronSimError("it has not five fields")
