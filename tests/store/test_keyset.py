"""Pages by keyset: every row once, in both directions, also while rows come and go; on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Concat, Lower
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assay.core.errors import InvalidInputError
from assay.store.models import Environment, Person, Version, Workspace
from assay.store.reads.keyset import LONGEST, Page, Place, encode_cursor, page_in_memory, read_page
from assay.store.reads.ordering import Columns, Order

COUNT = 23
COLUMNS: Columns = {
    "number": F("number"),
    "python": F("python"),
    "title": Lower("environment__title"),
    "name": Concat("environment__slug", "python"),
    "published": F("published_at"),
    "ends": F("ends_at"),
    "either": Coalesce("ends_at", "created_at"),
    "base": F("base__number"),
    "below": Subquery(Version.objects.filter(base=OuterRef("pk")).order_by().values("number")[:1]),
    "rank": F("number") * 2 + F("revision"),
}


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows")]


@pytest.fixture
def rows() -> None:
    """Add versions, of which some share a value and some have none."""
    now = timezone.now()
    ana = Person.objects.create(username="ana")
    geo = Environment.objects.create(
        workspace=Workspace.objects.create(slug="maps", title="Maps"),
        slug="geo",
        title="Geo",
        owner=ana,
        created_at=now,
        updated_at=now,
    )
    base = None
    for number in range(1, COUNT + 1):
        made = Version.objects.create(
            environment=geo,
            number=number,
            author=ana,
            status="draft",
            spec={},
            base=base if number % 3 == 0 else None,
            python=f"3.{number % 4}",
            published_at=now - timedelta(days=number % 5) if number % 2 else None,
            created_at=now,
            updated_at=now,
        )
        base = base or made


def page(order: Order, cursor: str = "", limit: int = 5) -> Page[Version]:
    """Return a page of the versions."""
    return read_page(Version.objects.all(), COLUMNS, order, limit=limit, cursor=cursor)


def walk(order: Order, limit: int = 5) -> list[Page[Version]]:
    """Return all pages of the versions, from the first on."""
    pages = [page(order, limit=limit)]
    while pages[-1].next:
        pages.append(page(order, pages[-1].next, limit))
    return pages


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", COLUMNS)
def test_pages_contain_each_row_once_and_lead_back(name: str, *, descending: bool) -> None:
    """Forwards in the order of the list, without values last; backwards the same pages."""
    order = Order(name=name, descending=descending)
    pages = walk(order)
    ids = [row.pk for one in pages for row in one.rows]
    assert sorted(ids) == sorted(Version.objects.values_list("pk", flat=True))
    values: list[Any] = [row.cursor_value for one in pages for row in one.rows]  # type: ignore[attr-defined]  # annotated
    present = [one for one in values if one is not None]
    assert values == [*sorted(present, reverse=descending), *[None] * (COUNT - len(present))]
    assert [one.start for one in pages] == [0, 5, 10, 15, 20]
    back = pages[-1]
    for expected in pages[-2::-1]:
        back = page(order, back.previous)
        assert ([row.pk for row in back.rows], back.start) == ([row.pk for row in expected.rows], expected.start)
    assert back.previous == ""


def test_rows_that_are_added_before_a_page_do_not_move_it() -> None:
    """With numbers of rows, the last row of a page would come again on the next one."""
    order = Order(name="number", descending=True)
    first = page(order)
    newest = Version.objects.get(number=COUNT)
    for number in range(COUNT + 1, COUNT + 4):
        newest.pk, newest.number = None, number
        newest.save()
    second = page(order, first.next)
    assert [row.number for row in second.rows] == [18, 17, 16, 15, 14]
    assert [row.number for row in page(order, second.previous).rows] == [23, 22, 21, 20, 19]
    assert page(order, page(order, second.previous).previous).start == 0


def test_a_page_whose_rows_are_gone_is_the_first_one() -> None:
    """So that nobody stands before an empty list, or before a first page with three rows."""
    order = Order(name="number")
    pages = walk(order)
    Version.objects.filter(number__gt=20).delete()
    assert [row.number for row in page(order, pages[3].next).rows] == [1, 2, 3, 4, 5]
    Version.objects.update(base=None)
    Version.objects.filter(number__in=[1, 2]).delete()
    again = page(order, pages[1].previous)
    assert ([row.number for row in again.rows], again.previous, again.start) == ([3, 4, 5, 6, 7], "", 0)
    Version.objects.all().delete()
    assert page(order) == Page(rows=[])


def test_a_page_costs_one_query_and_reads_no_more_than_it_shows() -> None:
    """And one more only where it reaches the rows without a value."""
    order = Order(name="published")
    first = page(order)
    for cursor, queries in ((first.next, 1), (page(order, first.next).next, 2)):
        with CaptureQueriesContext(connection) as seen:
            page(order, cursor)
        assert len(seen) == queries
        assert all("LIMIT" in one["sql"] and "OFFSET" not in one["sql"] for one in seen)


def test_dictionaries_have_pages_too() -> None:
    """As lists read that need a few columns only."""
    found = read_page(Version.objects.values("pk", "number"), COLUMNS, Order(name="title"), limit=2)
    rest = read_page(Version.objects.values("pk", "number"), COLUMNS, Order(name="title"), limit=2, cursor=found.next)
    assert [row["number"] for row in (*found.rows, *rest.rows)] == [1, 2, 3, 4]
    assert rest.with_rows(["x"]) == Page(rows=["x"], previous=rest.previous, next=rest.next, start=2)


@pytest.mark.parametrize(
    "cursor",
    [
        "50",
        "%%%",
        encode_cursor("50"),
        encode_cursor("[1, 2]"),
        encode_cursor('[1, "x", 0, 0]'),
        encode_cursor('["x", 1, 0, 0]'),
        encode_cursor('[1, 1, 0, "x"]'),
        encode_cursor("[1, null, 0, 0]"),
        encode_cursor(f"[{10**30}, 1, 0, 0]"),
        encode_cursor(f"[1, -{10**30}, 0, 0]"),
        encode_cursor('["\\u0000", 1, 0, 0]'),
        encode_cursor(json.dumps(["x" * LONGEST, 1, 0, 0])),
    ],
)
def test_a_cursor_of_no_list_is_refused(cursor: str) -> None:
    """Also an old one that was a number of rows, and what no column can hold."""
    with pytest.raises(InvalidInputError) as error:
        page(Order(name="number"), cursor)
    assert error.value.path == "cursor"


NAMES = [(name,) for name in "abcdefghij"]


def memory(cursor: str = "", *, descending: bool = False, row: Callable[[Any], str | None] = "".join) -> Page[str]:
    """Return a page of three names."""
    return page_in_memory(NAMES, row, limit=3, cursor=cursor, descending=descending)


@pytest.mark.parametrize("descending", [False, True])
def test_rows_in_memory_have_the_same_pages(*, descending: bool) -> None:
    """Forwards and backwards; rows are made for one page only."""
    pages = [memory(descending=descending)]
    while pages[-1].next:
        pages.append(memory(pages[-1].next, descending=descending))
    assert [name for one in pages for name in one.rows] == sorted("abcdefghij", reverse=descending)
    assert [one.start for one in pages] == [0, 3, 6, 9]
    for before, after in pairwise(pages):
        assert memory(after.previous, descending=descending).rows == before.rows
    made: list[Any] = []
    memory(row=lambda key: made.append(key) or "x")  # type: ignore[func-returns-value]  # it returns None
    assert len(made) == 4


def test_keys_in_memory_without_a_row_are_left_out() -> None:
    """And a place behind the last row, or before the second page, is the first page."""
    assert memory(row=lambda key: key[0] if key[0] in "bdfh" else None).rows == ["b", "d", "f"]
    assert memory(Place(value=["z"]).encoded()).rows == memory(Place(value=["b"], backwards=True).encoded()).rows
    assert memory(Place(value=["z"]).encoded()).rows == ["a", "b", "c"]
    for value in ([1], 1):
        with pytest.raises(InvalidInputError):
            memory(Place(value=value).encoded())
