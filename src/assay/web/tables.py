"""Tables with sortable columns, pagination, and export of all rows as CSV or JSON."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, StreamingHttpResponse

from assay.core.errors import InvalidInputError
from assay.store.reads.keyset import Page
from assay.store.reads.ordering import Order
from assay.web.exports import FORMATS, Value, export

R = TypeVar("R")
BATCH = 1000  # rows that an export reads at once
MAX_DIGITS = 9  # of a number of rows
ARROWS = {"ascending": "▲", "descending": "▼"}


@dataclass(frozen=True, kw_only=True)
class Column(Generic[R]):
    """One column: `name` in addresses and exports, `label` in the heading, `value` in exports and for sorting."""

    name: str
    label: str
    value: Callable[[R], Value]
    number: bool = False
    sorts: bool = True
    shown: bool = True
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """The heading of a column. `url` sorts by it; `sorted` is `ascending`, `descending` or ''."""

    name: str
    label: str
    number: bool
    hint: str
    url: str
    sorted: str

    @property
    def arrow(self) -> str:
        """The sort direction as a glyph."""
        return ARROWS.get(self.sorted, "")


class Table(ABC, Generic[R]):
    """A table, sorted and paged by the query string. A `prefix` distinguishes several tables of one page."""

    def __init__(
        self,
        request: HttpRequest,
        columns: Sequence[Column[R]],
        *,
        name: str,
        default: str = "",
        size: int = 0,
        prefix: str = "",
    ) -> None:
        """Read the order, the page and the format from the request; `size` 0 shows all rows on one page."""
        self.request, self.columns, self.name, self.size, self.prefix = request, columns, name, size, prefix
        wanted = request.GET.get(f"{prefix}sort", "")
        names = {column.name for column in columns if column.sorts}
        self.sort = wanted if wanted.removeprefix("-") in names else default
        self.order = Order(name=self.sort.removeprefix("-"), descending=self.sort.startswith("-"))
        self.cursor = request.GET.get(f"{prefix}from", "") if size else ""
        self.format = request.GET.get(f"{prefix}format", "") if name else ""

    @abstractmethod
    def read(self, limit: int, cursor: str) -> Page[R]:
        """Return at most `limit` sorted rows from a cursor on. Raises InvalidInputError for one of another list."""

    def everything(self) -> Iterator[R]:
        """Yield all rows, of which at most `BATCH` are in memory."""
        cursor, more = "", True
        while more:
            batch = self.read(BATCH, cursor)
            yield from batch.rows
            cursor, more = batch.next, bool(batch.next)

    @cached_property
    def page(self) -> Page[R]:
        """The page that the address asks for; the first one if its cursor is none of this list."""
        try:
            return self.read(self.size, self.cursor) if self.size else Page(rows=list(self.everything()))
        except InvalidInputError:
            return self.read(self.size, "")

    @property
    def rows(self) -> Sequence[R]:
        """The rows of this page."""
        return self.page.rows

    @property
    def next(self) -> str:
        """The address of the next page, '' on the last."""
        return self.url(**{"from": self.page.next}) if self.page.next else ""

    @property
    def previous(self) -> str:
        """The address of the previous page, '' on the first."""
        return self.url(**{"from": self.page.previous}) if self.page.previous else ""

    @property
    def range(self) -> str:
        """The numbers of the first and last row, e.g. `1,201` to `1,250`, or the total when all rows are shown.

        They continue those of the page before, whatever was added to the list or removed from it meanwhile.
        """
        first, last = self.page.start + 1, self.page.start + len(self.rows)
        paged = self.page.previous or self.page.next
        return f"{first:,}\N{EN DASH}{last:,}" if paged else f"{last:,}"

    @property
    def headings(self) -> list[Heading]:
        """The headings of the columns that are shown."""
        return [self._heading(column) for column in self.columns if column.shown]

    def _heading(self, column: Column[R]) -> Heading:
        current = column.name == self.order.name
        state = ("descending" if self.order.descending else "ascending") if current else ""
        reversed_sign = "" if self.order.descending else "-"
        wanted = f"{reversed_sign if current else '-' if column.number else ''}{column.name}"
        return Heading(
            name=column.name,
            label=column.label,
            number=column.number,
            hint=column.hint,
            url=self.url(sort=wanted) if column.sorts else "",
            sorted=state,
        )

    @property
    def exports(self) -> list[tuple[str, str]]:
        """Return (label, address) of each format."""
        return [(name.upper(), self.url(format=name)) for name in FORMATS]

    def url(self, **changes: str) -> str:
        """Return the address of this page with changed parameters for this table; '' removes one."""
        query = self.request.GET.copy()
        for name in ("from", "format"):
            query.pop(f"{self.prefix}{name}", None)
        for name, value in changes.items():
            query[f"{self.prefix}{name}"] = value
        kept = [(name, value) for name, values in query.lists() for value in values if value]
        query.clear()
        for name, value in kept:
            query.appendlist(name, value)
        return f"?{query.urlencode(safe='/,@')}"

    @property
    def exported(self) -> bool:
        """Whether the request asks for a file instead of a page."""
        return self.format in FORMATS

    def export(self) -> StreamingHttpResponse:
        """Return the whole table as a file."""
        columns = [(column.name, column.value) for column in self.columns]
        rows = ({name: value(row) for name, value in columns} for row in self.everything())
        return export(self.format, self.name, [name for name, _ in columns], rows)


class QueryTable(Table[R]):
    """A table that the database sorts and paginates."""

    def __init__(self, *args: object, reads: Callable[[Order, int, str], Page[R]], **kwargs: object) -> None:
        """Set the function that reads rows: `reads(order, limit, cursor)`."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as Table takes them
        self._reads = reads

    def read(self, limit: int, cursor: str) -> Page[R]:
        """Return rows from the database."""
        return self._reads(self.order, limit, cursor)


class ListTable(Table[R]):
    """A table whose rows are all in memory."""

    def __init__(self, *args: object, rows: Iterable[R], **kwargs: object) -> None:
        """Set the rows, in their default order."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as Table takes them
        self._rows = rows

    @cached_property
    def _sorted(self) -> list[R]:
        column = next((one for one in self.columns if one.name == self.order.name), None)
        return sort_rows(self._rows, column.value, descending=self.order.descending) if column else list(self._rows)

    def read(self, limit: int, cursor: str) -> Page[R]:
        """Return a slice of the sorted rows; the cursor is the number of rows before it."""
        start = int(cursor) if cursor.isdecimal() and len(cursor) <= MAX_DIGITS else 0
        before, after = str(max(0, start - limit)) if start else "", str(start + limit)
        rows = self._sorted[start : start + limit]
        return Page(rows=rows, start=start, previous=before, next=after if len(self._sorted) > start + limit else "")

    @property
    def total(self) -> int:
        """The number of rows."""
        return len(self._sorted)


def sort_rows(rows: Iterable[R], value: Callable[[R], Value], *, descending: bool) -> list[R]:
    """Return rows sorted by a value: digits within text compare as numbers; rows without a value come last."""
    valued = [(value(row), row) for row in rows]
    present = [pair for pair in valued if pair[0] not in {None, ""}]
    absent = [row for found, row in valued if found in {None, ""}]
    return [row for _, row in sorted(present, key=lambda pair: _key(pair[0]), reverse=descending)] + absent


def _key(value: Value) -> Any:  # noqa: ANN401 - whatever the column holds, all of one kind
    if isinstance(value, tuple):
        return _key(", ".join(value))
    if not isinstance(value, str):
        return value
    parts = re.split(r"(\d+)", value.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts if part]
