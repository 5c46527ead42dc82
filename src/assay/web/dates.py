"""Days in forms."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from assay.core.errors import InvalidInputError


def day_of(text: str, path: str) -> date | None:
    """Return a day such as `2027-06-30`, None for ''. Raises InvalidInputError."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInputError(f"{text[:20]!r} is not a date.", hint="Write it as 2027-01-31.", path=path) from error


def end_of(text: str, path: str) -> datetime | None:
    """Return the end of a day such as `2027-06-30` (UTC), None for ''. Raises InvalidInputError."""
    day = day_of(text, path)
    return datetime.combine(day, time.max, tzinfo=UTC) if day else None
