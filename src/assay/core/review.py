"""What a reviewer says: approve what they saw, or reject with feedback the author can act on."""

from __future__ import annotations

from enum import StrEnum

from assay.core.errors import ConflictError, InvalidInputError

MAX_WORDS = 10_000  # characters of a note, a feedback or a reason


class Verdict(StrEnum):
    """How a decision went."""

    APPROVE = "approve"
    REJECT = "reject"


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
