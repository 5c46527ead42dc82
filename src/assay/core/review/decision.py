"""The decision of a reviewer: approve the lock that they saw, or reject with feedback for the author."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from enum import StrEnum

from assay.core.comparison.diff import Row
from assay.core.errors import ConflictError, InvalidInputError
from assay.core.formatting import plural
from assay.core.policy.findings import Finding
from assay.core.review.finding_groups import short_words

MAX_WORDS = 10_000  # characters of a note, feedback or reason
MARK = 32  # hex digits, 128 bits


class Verdict(StrEnum):
    """The outcome of a decision."""

    APPROVE = "approve"
    REJECT = "reject"


def mark_of(row: Row) -> str:
    """Return the mark that "viewed" is bound to: 32 hex digits over a library's name, version, index and file.

    Another file has another mark. A removed library is marked by its former version.
    """
    file = row.files[-1]
    parts = (row.versions[-1], row.indexes[-1], file) if file else ("gone", row.versions[0])
    return hashlib.sha256("\n".join((row.name, *map(str, parts))).encode()).hexdigest()[:MARK]


def check_mark(mark: str) -> str:
    """Return the mark, if it has the form that `mark_of` makes. Raises InvalidInputError."""
    if len(mark) != MARK or set(mark) - set("0123456789abcdef"):
        raise InvalidInputError("The mark of the library is not valid.", hint="Load the page again.", path="mark")
    return mark


def check_digest(seen: str, actual: str) -> None:
    """Raise ConflictError unless the caller decides on the present lock: what was reviewed is what is published."""
    if seen != actual:
        raise ConflictError(
            f"You decided on lock {seen[:12] or '(none)'}, but it is {actual[:12]} now.",
            hint="Load the page again and review the changes.",
            path="digest",
        )


def check_seen(warnings: Iterable[Finding], seen: Collection[str]) -> None:
    """Raise ConflictError for a warning whose id is not among those that the reviewer saw."""
    new = [one for one in warnings if one.id not in seen]
    if new:
        raise ConflictError(
            f"{plural(len(new), 'new warning')} since you opened the page: {short_words(new[0])}"
            f"{', and others' if len(new) > 1 else ''}.",
            hint="Load the page again and look at what is new.",
            path="warnings",
        )


def check_text(text: str, path: str) -> str:
    """Return the text without surrounding whitespace. Raises InvalidInputError when it is too long."""
    if len(text) > MAX_WORDS:
        raise InvalidInputError(
            f"{len(text)} characters; at most {MAX_WORDS} are allowed.", hint="Shorten it.", path=path
        )
    return text.strip()
