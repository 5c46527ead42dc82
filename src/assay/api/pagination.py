"""Pages of rows: how many, and the cursor that continues after the last one. Callers do not read cursors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from ninja import Query

from assay.store.reads.keyset import encode_cursor

MAX_ROWS = 200  # of one page
T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description=f"Rows of a page, 1 to {MAX_ROWS}.")]
Cursor = Annotated[str, Query(description="`next` of the page before; leave it out for the first page.")]


def page_of(rows: list[T], limit: int, position: Callable[[T], object]) -> tuple[list[T], str | None]:
    """Return the rows of a page and the cursor of the next one, None on the last page.

    `rows` has one row more than `limit` where there is a next page. `position` returns the position of a row.
    """
    shown = rows[:limit]
    return shown, encode_cursor(str(position(shown[-1]))) if len(rows) > limit else None
