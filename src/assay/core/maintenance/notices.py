"""What people read who choose, start or work in a version that is deprecated."""

from __future__ import annotations

from datetime import datetime


def deprecation_notice(reference: str, reason: str, *, ends_at: datetime | None, instead: str) -> str:
    """Return why a version is deprecated, when it ends and what to use instead, in sentences."""
    return with_ending(f"{reference} is deprecated: {reason.strip()}", ending(ends_at, instead))


def with_ending(words: str, end: str) -> str:
    """Return words followed by sentences, with a full stop between them where one is missing."""
    return words + end if not end or words[-1] in ".!?…:" else f"{words}.{end}"


def ending(ends_at: datetime | None, instead: str) -> str:
    """Return the sentences about the end and the successor, each with a space before it; '' for neither."""
    ends = f" It ends on {ends_at:%Y-%m-%d}." if ends_at else ""
    return ends + (f" Use {instead} instead." if instead else "")
