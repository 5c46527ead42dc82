"""Pages of a sorted list by keyset: a cursor names the row after or before which a page goes on, never a number.

A page costs the same wherever it lies, and rows that come or go elsewhere move nothing on it (decision 0030).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Func, Model, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from assay.core.errors import InvalidInputError
from assay.store.reads.ordering import Columns, Order

R = TypeVar("R")
S = TypeVar("S")
Key = tuple[Any, ...]
VALUE = "cursor_value"  # the annotation by which rows are sorted
LONGEST = 2000  # characters of a cursor
LARGEST = 2**63  # whole numbers in columns are smaller


@dataclass(frozen=True, kw_only=True)
class Page(Generic[R]):
    """Rows of a list, and the cursors of the pages around them, '' for none. `start`: rows before, as seen so far."""

    rows: Sequence[R]
    previous: str = ""
    next: str = ""
    start: int = 0

    def with_rows(self, rows: Sequence[S]) -> Page[S]:
        """Return the page with other rows in the place of its own."""
        return Page(rows=rows, previous=self.previous, next=self.next, start=self.start)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a page goes on: after the row with this sort value and id, or before it. `start` as in `Page`."""

    value: Any = None
    id: Any = None
    backwards: bool = False
    start: int = 0

    def encoded(self) -> str:
        """Return the place as a cursor."""
        return encode_cursor(json.dumps([self.value, self.id, int(self.backwards), self.start], default=str))

    @classmethod
    def decoded(cls, cursor: str) -> Place | None:
        """Return the place of a cursor, None for ''. Raises InvalidInputError."""
        if not cursor:
            return None
        try:
            value, pk, backwards, start = json.loads(decode_cursor(cursor))
            return cls(value=value, id=pk, backwards=bool(backwards), start=int(start))
        except (ValueError, TypeError) as error:
            raise invalid_cursor() from error


def read_page(rows: QuerySet[Any], columns: Columns, order: Order, *, limit: int, cursor: str = "") -> Page[Any]:
    """Return a page of rows sorted by a column of `columns`, then by id; rows without a value are last.

    Rows are models, or dictionaries that contain `pk`. One query; one more where rows without a value follow, or
    where fewer rows than fill a page precede the cursor. Raises InvalidInputError for a cursor of another list.
    """
    column = columns[order.name]
    keyed = rows.annotate(**{VALUE: column})
    place = _typed(Place.decoded(cursor), keyed)
    found = _read(keyed, order, place, limit + 1, nullable=_may_be_null(rows.model, column))
    page = _page([(row, *_key(row)) for row in found], place, limit)
    return page or read_page(rows, columns, order, limit=limit)


def read_page_by_ids(
    rows: QuerySet[Any], shown: QuerySet[Any], columns: Columns, order: Order, *, limit: int, cursor: str = ""
) -> Page[Any]:
    """Return a page of `rows` as `read_page` does, each as `shown` reads it: one query more.

    The database sorts ids only, and reads what is wide, or computed from documents, for the rows of the page.
    """
    page = read_page(rows.values("pk"), columns, order, limit=limit, cursor=cursor)
    ids = [row["pk"] for row in page.rows]
    found = {_key_of(row): row for row in shown.filter(pk__in=ids)}
    return page.with_rows([found[pk] for pk in ids if pk in found])


def _key_of(row: Any) -> Any:  # noqa: ANN401 - a model or a dictionary
    return row["pk"] if isinstance(row, dict) else row.pk


def page_in_memory(
    keys: Sequence[Key],
    row: Callable[[Key], R | None],
    *,
    limit: int,
    cursor: str = "",
    descending: bool = False,
) -> Page[R]:
    """Return a page of rows that `row` makes of keys in memory, sorted by key; a key without a row is left out."""
    place = Place.decoded(cursor)
    falling = descending != (place is not None and place.backwards)
    ahead = sorted(keys, reverse=falling)
    try:
        if place:
            key = tuple(place.value)
            ahead = [one for one in ahead if (one < key if falling else one > key)]
    except TypeError as error:
        raise invalid_cursor() from error
    found = islice(((made, key, None) for key in ahead if (made := row(key)) is not None), limit + 1)
    page = _page(list(found), place, limit)
    return page or page_in_memory(keys, row, limit=limit, descending=descending)


def _page(found: list[tuple[R, Any, Any]], place: Place | None, limit: int) -> Page[R] | None:
    """Return the page of rows, each with its key, that follow a place in its direction; one more if there are more.

    None if the first page should be shown instead: nothing follows any more, or too little precedes.
    """
    more, shown = len(found) > limit, found[:limit]
    if place and (not shown or (place.backwards and len(shown) < limit)):
        return None
    if not place:
        place, before, after = Place(), False, more
    elif place.backwards:
        shown.reverse()
        place, before, after = replace(place, start=place.start - len(shown)), more, True
    else:
        before, after = True, more
    start = max(0, place.start) if before else 0
    nothing = (None, None, None)  # without rows there are no pages around them
    first, last = (shown[0], shown[-1]) if shown else (nothing, nothing)
    return Page(
        rows=[row for row, *_ in shown],
        start=start,
        previous=Place(value=first[1], id=first[2], backwards=True, start=start).encoded() if before else "",
        next=Place(value=last[1], id=last[2], start=start + len(shown)).encoded() if after else "",
    )


def _read(keyed: QuerySet[Any], order: Order, place: Place | None, limit: int, *, nullable: bool) -> list[Any]:
    """Return at most `limit` rows that follow a place, in its direction."""
    backwards = place is not None and place.backwards
    sign = "-" if order.descending != backwards else ""
    parts = [False, True] if nullable else [False]  # rows with a value, rows without
    if backwards:
        parts.reverse()
    if place and nullable:
        parts = parts[parts.index(place.value is None) :]
    found: list[Any] = []
    for null in parts:
        part = keyed.filter(**{f"{VALUE}__isnull": null}) if nullable else keyed
        if place and (place.value is None) == null:
            part = part.filter(_beyond(place, "lt" if sign else "gt"))
        part = part.order_by(f"{sign}pk") if null else part.order_by(f"{sign}{VALUE}", f"{sign}pk")
        found += part[: limit - len(found)]
        if len(found) == limit:
            break
    return found


def _beyond(place: Place, relation: str) -> Q:
    """Return the condition of rows beyond a place; its first half alone lets an index begin there."""
    later = Q(**{f"pk__{relation}": place.id})
    if place.value is None:
        return later
    return Q(**{f"{VALUE}__{relation}e": place.value}) & (Q(**{f"{VALUE}__{relation}": place.value}) | later)


def _key(row: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a model or a dictionary
    return row[VALUE] if isinstance(row, dict) else getattr(row, VALUE), _key_of(row)


def _typed(place: Place | None, keyed: QuerySet[Any]) -> Place | None:
    """Return the place with a value and an id as the columns have them. Raises InvalidInputError."""
    if place is None:
        return None
    try:
        value = keyed.query.annotations[VALUE].output_field.to_python(place.value)
        pk = keyed.model._meta.pk.to_python(place.id)  # noqa: SLF001 - documented (Model _meta API)
    except ValidationError as error:
        raise invalid_cursor() from error
    if pk is None or any(isinstance(one, int) and abs(one) >= LARGEST for one in (value, pk)):
        raise invalid_cursor()
    return replace(place, value=value, id=pk)


def encode_cursor(position: str) -> str:
    """Return the cursor that continues after a position."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Return the position of a cursor, '' for none. Raises InvalidInputError."""
    try:
        found = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise invalid_cursor() from error
    if len(found) > LONGEST or "\0" in found or "\\u0000" in found:  # no column of text holds that character
        raise invalid_cursor()
    return found


def invalid_cursor() -> InvalidInputError:
    """Return the error for a cursor that no page of the list has given."""
    return InvalidInputError("The cursor is not valid.", hint="Use `next` of the page before.", path="cursor")


def _may_be_null(model: type[Model], column: Any) -> bool:  # noqa: ANN401 - an expression
    """Return whether the value of a column can be missing."""
    if isinstance(column, F):
        return _path_may_be_null(model, column.name)  # type: ignore[attr-defined]  # the stubs lack it
    if not isinstance(column, Func):
        return isinstance(column, Subquery)
    found = [_may_be_null(model, one) for one in column.get_source_expressions()]
    return all(found) if isinstance(column, Coalesce) else any(found)


def _path_may_be_null(model: type[Model], path: str) -> bool:
    for name in path.split("__"):
        field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)  # noqa: SLF001 - as above
        if field.null:
            return True
        model = field.related_model or model
    return False
