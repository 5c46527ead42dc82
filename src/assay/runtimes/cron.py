"""Cron expressions with a time zone: when a schedule is due next.

Daylight saving time moves a time as Debian's cron does.
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
    """Return the first time of a schedule after `after` (UTC), None without a schedule.

    Raises InvalidInputError for an invalid expression, or one with no time within fifty years.
    """
    if not cron:
        return None
    timezone = zone_of(zone)
    try:
        _check_fields(cron)
        return next(CronSim(cron, after.astimezone(timezone))).astimezone(UTC)
    except (CronSimError, StopIteration) as error:
        raise InvalidInputError(
            f"{cron[:60]!r} is not a valid schedule: {error or 'it names a day that does not exist'}.",
            hint="Write minute hour day month weekday, for example 30 6 * * 1-5.",
            path="schedule",
        ) from error


def _check_fields(cron: str) -> None:
    """Raise CronSimError for an expression with seconds, which the worker does not support."""
    if len(cron.split()) != FIELDS:
        raise CronSimError("it needs five fields")
