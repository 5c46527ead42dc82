"""Plans of the statements of long lists: an index leads to the rows of a page, whatever else the tables contain."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import draft, person

from assay.core.roles import Actor, Role
from assay.store.models import Environment, Event, Launch, Person, Run, Runtime, Version
from assay.store.reads.audit_log import EventFilters, event_rows, list_events
from assay.store.reads.catalogue import Filters, catalogue, catalogue_page
from assay.store.reads.events_since import events_since
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.launchable import launch_choices
from assay.store.reads.ordering import Order
from assay.store.reads.usage import uses
from assay.store.sort_columns import write_shown
from assay.web.runtimes.tables import RUN_ORDERS

pytestmark = pytest.mark.django_db
COUNT = 300
SCAN = re.compile(r"^SCAN (?!counted|json_each|\d+ CONSTANT)(?!.*USING (COVERING )?INDEX)", re.MULTILINE)


@pytest.fixture
def root() -> Actor:
    """Return an administrator of a workspace with a few hundred rows in each list, of which SQLite has statistics."""
    ana = person("root", Role.ADMIN)
    first = draft(ana, "first")
    Person.objects.bulk_create(Person(username=f"p{number}") for number in range(COUNT))
    now, owner = timezone.now(), Person.objects.get(pk=ana.id)
    environments = Environment.objects.bulk_create(
        Environment(
            workspace_id=ana.workspace_id, slug=f"e{number}", title=f"E {number}", owner=owner,
            created_at=now, updated_at=now,
        )
        for number in range(COUNT)
    )  # fmt: skip
    versions = Version.objects.bulk_create(
        Version(
            environment=one, number=1, author=owner, status="published", spec=first.spec, python="3.11",
            published_at=now, created_at=now, updated_at=now,
        )
        for one in environments
    )  # fmt: skip
    for one, version in zip(environments, versions, strict=True):
        one.active = one.latest = version
    Environment.objects.bulk_update(environments, ["active", "latest"])
    write_shown(Environment.objects.all())
    Launch.objects.bulk_create(
        Launch(
            person=owner, environment=environments[number % 3], version=versions[number % 3], kind="run", digest="x",
            target_id=str(number), started_at=now - timedelta(hours=number),
        )
        for number in range(COUNT)
    )  # fmt: skip
    projects = Runtime.objects.bulk_create(
        Runtime(
            pk=number, workspace_id=ana.workspace_id, slug=f"p{number}", title="P", kind="script", owner=owner,
            environment="e1", source={}, created_at=now, updated_at=now,
        )
        for number in range(1, COUNT)
    )  # fmt: skip
    Run.objects.bulk_create(
        Run(
            runtime=projects[0], person=owner, version=versions[0], digest="x", source={}, entry="m",
            state="succeeded",
            created_at=now - timedelta(hours=number),
        )
        for number in range(COUNT)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return ana


def plans(action: Callable[[], object]) -> list[str]:
    """Return how SQLite executes each statement of an action."""
    with CaptureQueriesContext(connection) as seen:
        action()
    found = []
    with connection.cursor() as cursor:
        for one in seen:
            cursor.execute("EXPLAIN QUERY PLAN " + one["sql"].replace("%", "%%"))
            found.append("\n".join(row[3] for row in cursor.fetchall()))
    return found


def runs(cursor: str = "") -> Page[Run]:
    """Return the newest runs of the project."""
    newest = Order(name="started", descending=True)
    return read_page(Runtime.objects.get(pk=1).runs.all(), RUN_ORDERS, newest, limit=50, cursor=cursor)


LISTS: dict[str, Callable[[Actor, str], Page[object]]] = {
    "catalogue": lambda root, cursor: catalogue_page(root, Filters(status="published"), Order(), 50, cursor),
    **{
        f"catalogue by {name}": lambda root, cursor, name=name: catalogue_page(  # type: ignore[misc]  # bound now
            root, Filters(status="published"), Order(name=name, descending=True), 50, cursor
        )
        for name in ("users", "size", "libraries", "published", "version", "python", "health", "owner")
    },
    "audit log": lambda root, cursor: event_rows(root, EventFilters(), Order(), 50, cursor),
    "audit log of an actor": lambda root, cursor: event_rows(root, EventFilters(actor="root"), Order(), 50, cursor),
    "audit log by event": lambda root, cursor: event_rows(root, EventFilters(), Order(name="name"), 50, cursor),
    "runs": lambda _, cursor: runs(cursor),
    "uses": lambda root, cursor: uses(
        Environment.objects.get(workspace_id=root.workspace_id, slug="e1"), Order(), 50, cursor
    ),
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="these are plans of SQLite")
@pytest.mark.parametrize("name", LISTS)
def test_a_page_of_a_long_list_is_read_by_an_index(root: Actor, name: str) -> None:
    """No table is read whole, and no rows are sorted: neither for the first page nor for a later one."""
    read = LISTS[name]
    first = read(root, "")
    for cursor in filter(None, ("", first.next)):
        for plan in plans(lambda cursor=cursor: read(root, cursor)):  # type: ignore[misc]  # bound now
            assert not SCAN.search(plan), plan
            assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


@pytest.mark.skipif(connection.vendor != "sqlite", reason="these are plans of SQLite")
def test_lists_without_a_cursor_are_read_by_an_index(root: Actor) -> None:
    """The list of the API, its events, and what may be launched."""
    for action in (
        lambda: catalogue(root, Filters(), limit=50),
        lambda: list_events(root, limit=50),
        lambda: launch_choices(root, limit=50),
    ):
        assert not [plan for plan in plans(action) if SCAN.search(plan)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="these are plans of SQLite")
def test_only_what_happened_since_is_read(root: Actor) -> None:
    """Of a log with millions of events, what follows a position is read from there on, in its order."""
    first = Event.objects.filter(workspace_id=root.workspace_id).order_by("sequence")[0]
    *_, plan = plans(lambda: events_since(root.workspace_id, (first.sequence, first.hash)))
    assert "workspace_id=? AND sequence>?" in plan
    assert "TEMP B-TREE" not in plan
