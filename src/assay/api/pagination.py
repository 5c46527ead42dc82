"""Pages of rows: how many, and the cursor that continues after the last one. Callers do not read cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, TypeVar

from ninja import Query

from assay.core.errors import InvalidInputError

MAX_ROWS = 200  # of one page
MAX_DIGITS = 9  # of an offset
T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description=f"Rows of a page, 1 to {MAX_ROWS}.")]
Cursor = Annotated[str, Query(description="`next` of the page before; leave it out for the first page.")]


def page_of(rows: list[T], limit: int, position: Callable[[T], object]) -> tuple[list[T], str | None]:
    """Return the rows of a page and the cursor of the next one, None on the last page.

    `rows` has one row more than `limit` where there is a next page. `position` returns the position of a row.
    """
    shown = rows[:limit]
    return shown, encode_cursor(str(position(shown[-1]))) if len(rows) > limit else None


def encode_cursor(position: str) -> str:
    """Return the cursor that continues after a position."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Return the position of a cursor, '' for none. Raises InvalidInputError."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise _invalid() from error


def decode_offset(cursor: str) -> int:
    """Return the number of rows before a cursor, 0 for none. Raises InvalidInputError."""
    found = decode_cursor(cursor) or "0"
    if not (found.isascii() and found.isdigit() and len(found) <= MAX_DIGITS):
        raise _invalid()
    return int(found)


def _invalid() -> InvalidInputError:
    return InvalidInputError("The cursor is not valid.", hint="Use `next` of the page before.", path="cursor")
