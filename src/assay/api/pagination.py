"""Cursors: opaque to callers, a position in the order for us."""

from __future__ import annotations

import base64
import binascii

from assay.core.errors import InvalidInputError

MOST = 200  # rows of one page


def cursor(position: str) -> str:
    """Return the cursor that continues after a position."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position(given: str) -> str:
    """Return the position of a cursor, '' for none. Raises InvalidInputError."""
    try:
        return base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidInputError(
            "The cursor is not one of ours.", hint="Use `next` of the page before.", path="cursor"
        ) from error


def offset(given: str) -> int:
    """Return the number of rows before a cursor, 0 for none. Raises InvalidInputError."""
    found = position(given) or "0"
    if not (found.isascii() and found.isdigit() and len(found) <= 9):  # noqa: PLR2004 - a number of rows
        raise InvalidInputError(
            "The cursor is not one of ours.", hint="Use `next` of the page before.", path="cursor"
        )
    return int(found)


def bounded(limit: int) -> int:
    """Return a page size between 1 and the most. Raises InvalidInputError."""
    if not 1 <= limit <= MOST:
        raise InvalidInputError(f"limit is 1 to {MOST}.", hint="Ask for fewer rows.", path="limit")
    return limit
