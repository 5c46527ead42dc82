"""What a reviewer says: approve what they saw, or reject with feedback the author can act on."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from assay.core.comparison.diff import Row
from assay.core.errors import ConflictError, InvalidInputError

MAX_WORDS = 10_000  # characters of a note, a feedback or a reason
MARK = 32  # hex digits, 128 bits


class Verdict(StrEnum):
    """How a decision went."""

    APPROVE = "approve"
    REJECT = "reject"


def mark_of(row: Row) -> str:
    """Return what a look at a library is bound to: 32 hex digits over its name, version, index and file.

    Another file is another mark. What is gone is marked by the version that went.
    """
    there = row.files[-1]
    parts = (row.versions[-1], row.indexes[-1], there) if there else ("gone", row.versions[0])
    return hashlib.sha256("\n".join((row.name, *map(str, parts))).encode()).hexdigest()[:MARK]


def check_mark(mark: str) -> str:
    """Return a mark that `mark_of` could have made. Raises InvalidInputError."""
    if len(mark) != MARK or set(mark) - set("0123456789abcdef"):
        raise InvalidInputError("That is no mark of a library.", hint="Load the page again.", path="mark")
    return mark


def check_digest(seen: str, actual: str) -> None:
    """Raise ConflictError unless the caller decides on the lock that stands now (law 1)."""
    if seen != actual:
        raise ConflictError(
            f"You decided on lock {seen[:12] or '(none)'}, but it is {actual[:12]} now.",
            hint="Load the page again and look at what changed.",
            path="digest",
        )


def check_words(text: str, path: str) -> str:
    """Return the text without outer blanks. Raises InvalidInputError when it is too long."""
    if len(text) > MAX_WORDS:
        raise InvalidInputError(
            f"{len(text)} characters; at most {MAX_WORDS} are kept.", hint="Shorten it.", path=path
        )
    return text.strip()
