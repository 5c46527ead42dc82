"""Tables: sorted by a link, cut into pages, and as a file that no spreadsheet runs."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.test import RequestFactory
from django.utils import timezone
from support.people import built, draft, person
from web.test_pages import visitor

from assay.core.roles import Role
from assay.store.models import Environment
from assay.web.exports import cell
from assay.web.tables import Column, ListTable, sort_rows
from assay.web.templatetags.tables import ago

Pair = tuple[str, int | None]
COLUMNS: tuple[Column[Pair], ...] = (
    Column(name="name", label="Name", value=lambda row: row[0]),
    Column(name="size", label="Size", value=lambda row: row[1], number=True),
)
ROWS: list[Pair] = [("b10", 3), ("b9", None), ("A", 7)]


def table(query: str, size: int = 0) -> ListTable[Pair]:
    """Return the table that an address asks for."""
    return ListTable(RequestFactory().get(f"/x?{query}"), COLUMNS, name="pairs", size=size, rows=ROWS)


def test_rows_are_sorted_by_the_column_of_the_address() -> None:
    """Numbers within names count as numbers, case does not, and what has no value comes last both ways."""
    assert [row[0] for row in table("sort=name").rows] == ["A", "b9", "b10"]
    assert [row[1] for row in table("sort=size").rows] == [3, 7, None]
    assert [row[1] for row in table("sort=-size").rows] == [7, 3, None]
    assert list(table("sort=secret").rows) == ROWS
    assert sort_rows([("x",), ("w",)], lambda row: row, descending=False) == [("w",), ("x",)]


def test_a_heading_sorts_and_turns_around() -> None:
    """Text ascends first, numbers descend first; the filters of the address stay, the page does not."""
    name, size = table("q=a&sort=name&from=2").headings
    assert (name.sorted, name.url) == ("ascending", "?q=a&sort=-name")
    assert (size.sorted, size.url) == ("", "?q=a&sort=-size")


def test_pages_follow_each_other() -> None:
    """The first page has no previous one, the last no next one; nonsense is the first page."""
    first, last = table("", 2), table("from=2", 2)
    assert (first.range, first.previous, first.next) == ("1\N{EN DASH}2", "", "?from=2")
    assert (last.range, last.previous, last.next) == ("3\N{EN DASH}3", "?from=0", "")
    assert table("from=x", 2).range == table("from=99999999999", 2).range == first.range


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    """What a spreadsheet would run is text; numbers stay numbers."""
    assert cell(text) == f"'{text}"
    assert cell(-1) == -1
    assert cell(("a", "b")) == "a, b"
    assert cell(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"


@pytest.mark.django_db
def test_the_catalogue_is_exported_as_it_is_filtered() -> None:
    """All rows of the filter, not only those of the page, in both formats."""
    ana = person("ana")
    for slug in ("geo", "web", "ml"):
        draft(ana, slug)
    Environment.objects.filter(slug="geo").update(title="=cmd()")
    client = visitor(ana)
    answer = client.get("/environments/?status=draft&text=e&format=csv&sort=-environment")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    assert [(row["slug"], row["environment"]) for row in csv.DictReader(StringIO(text))] == [
        ("web", "Web"),
        ("geo", "'=cmd()"),
    ]
    answer = client.get("/environments/?status=draft&format=json")
    rows = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]  # it streams
    assert {row["slug"] for row in rows} == {"geo", "web", "ml"}
    assert b"".join(client.get("/environments/?text=zz&format=json").streaming_content) == b"[]\n"  # type: ignore[attr-defined]  # it streams


@pytest.mark.django_db
def test_an_old_address_with_a_number_of_rows_shows_the_first_page() -> None:
    """Bookmarks from before pages had cursors still work, and so does a cursor of another list."""
    root = person("root", Role.ADMIN)
    for number in range(60):
        draft(root, f"geo-{number}")
    client = visitor(root)
    first = client.get("/admin/audit/").content.decode()
    (cursor,) = re.findall(r'href="\?from=([^"]+)">Next page', first)
    second = client.get(f"/admin/audit/?from={cursor}").content.decode()
    assert ("51\N{EN DASH}" in second, "Previous page" in second) == (True, True)
    for address in ("/admin/audit/?from=50", f"/admin/audit/?sort=at&from={cursor}", f"/waves/?from={cursor}"):
        assert client.get(address).status_code == 200
    assert "1\N{EN DASH}50" in client.get("/admin/audit/?from=50").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["environment", "version", "python", "libraries", "size", "health", "users"])
def test_the_catalogue_sorts_in_the_database(column: str) -> None:
    """Each heading leads to a page that says by what it is sorted."""
    ana = person("ana")
    draft(ana, "geo")
    built(ana, "geo")
    text = visitor(ana).get(f"/environments/?status=draft&sort=-{column}").content.decode()
    assert 'aria-sort="descending"' in text
    assert f"sort={column}" in text


@pytest.mark.django_db
def test_only_administrators_export_the_audit_log() -> None:
    """Members read their own part on the page; the file is for administrators."""
    ana, root = person("ana"), person("root", Role.ADMIN)
    draft(ana, "geo")
    assert visitor(ana).get("/admin/audit/?format=csv").status_code == 403
    assert "Export" not in visitor(ana).get("/admin/audit/").content.decode()
    answer = visitor(root).get("/admin/audit/?format=csv&environment=ge&sort=sequence")
    rows = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]  # it streams
    assert [row["name"] for row in rows][:1] == ["environment.created"]
    assert {row["environment"] for row in rows} == {"geo"}


def test_how_long_ago_has_one_unit() -> None:
    """So that a column of times stays narrow; the exact time is in the tooltip."""
    told = ago(timezone.now() - timedelta(days=100))
    assert "3\N{NO-BREAK SPACE}months ago" in told
    assert ago(None) == "\N{EN DASH}"
