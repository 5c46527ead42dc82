"""What people read who choose, start or work in a version that is deprecated."""

from __future__ import annotations

from datetime import datetime


def deprecation_notice(reference: str, reason: str, *, ends_at: datetime | None, instead: str) -> str:
    """Return why a version is deprecated, when it ends and what to use instead, in sentences."""
    said = reason.strip()
    stop = "" if not said or said[-1] in ".!?…:;" else "."
    return f"{reference} is deprecated: {said}{stop}{ending(ends_at, instead)}"


def ending(ends_at: datetime | None, instead: str) -> str:
    """Return the sentences about the end and the successor, each with a space before it; '' for neither."""
    ends = f" It ends on {ends_at:%Y-%m-%d}." if ends_at else ""
    return ends + (f" Use {instead} instead." if instead else "")
