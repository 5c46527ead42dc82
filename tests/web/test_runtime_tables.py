"""The tables of Runtimes: projects, runs and apps sort, narrow and export."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import person, visitor
from support.projects import project, published
from support.tables import exported, first_cells

from assay.core.roles import Actor, Role
from assay.runtimes import runs
from assay.store.models import Run, Runtime

pytestmark = pytest.mark.django_db
HOME = "/runtimes/"


@pytest.fixture
def ana() -> Actor:
    """Return the owner of three projects, of which `report` is shared."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    project(ana, "report", "1", title="Yearly report", shared=True)
    project(ana, "copy10", "1")
    project(ana, "copy9", "1", environment="lab@1")
    return ana


def queries(client: Client, address: str) -> int:
    """Count the queries of a page."""
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_projects_sort_narrow_and_export(ana: Actor) -> None:
    """My own ones by every column; the same words narrow those that others share."""
    client, eve = visitor(ana), visitor(person("eve"))
    assert first_cells(client.get(f"{HOME}?sort=project")) == ["copy9", "copy10", "Yearly"]
    assert first_cells(client.get(f"{HOME}?text=COPY&sort=-project")) == ["copy10", "copy9"]
    assert "None of your projects matches" in client.get(f"{HOME}?text=zz").content.decode()
    rows = exported(client.get(f"{HOME}?format=csv&sort=environment&text=copy"))
    assert [(row["slug"], row["environment"]) for row in rows] == [("copy10", "lab"), ("copy9", "lab@1")]
    assert first_cells(eve.get(f"{HOME}?shared-sort=owner")) == ["Yearly"]
    assert first_cells(eve.get(f"{HOME}?text=copy")) == []
    assert [row["owner"] for row in exported(eve.get(f"{HOME}?shared-format=json"))] == ["ana"]
    assert exported(eve.get(f"{HOME}?format=json")) == []


def test_runs_are_sorted_in_the_database_and_exported_whole(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page holds some of the runs, the file all of them; of somebody else's project one sees one's own."""
    eve = person("eve")
    for number, actor in enumerate((ana, ana, eve)):
        run = runs.request_run(actor, "report", arguments=None)
        Run.objects.filter(pk=run.pk).update(
            state="succeeded",
            exit_code=number,
            seconds=10.0 - number,
            created_at=timezone.now() + timedelta(hours=number),
        )
    monkeypatch.setattr("assay.web.runtimes.tables.RUNS", 2)
    client, home = visitor(ana), f"{HOME}scripts/report/"
    text = client.get(home).content.decode()
    assert "Next page" in text
    assert len(first_cells(client.get(home))) == 2
    rows = exported(client.get(f"{home}?format=csv&sort=seconds"))
    assert [row["exit_code"] for row in rows] == ["2", "1", "0"]
    assert [row["user"] for row in rows] == ["eve", "ana", "ana"]
    for column in ("started", "state", "version", "exit_code", "peak_memory"):
        assert f"sort={column}" in client.get(f"{home}?sort=-{column}").content.decode()
    assert [row["user"] for row in exported(visitor(eve).get(f"{home}?format=json"))] == ["eve"]


def test_apps_sort_narrow_and_export(ana: Actor) -> None:
    """Those that one may open, and no others."""
    Runtime.objects.filter(slug__in=("report", "copy10")).update(kind="app")
    client, eve = visitor(ana), visitor(person("eve"))
    assert first_cells(client.get(f"{HOME}apps/?sort=app")) == ["copy10", "Yearly"]
    assert first_cells(client.get(f"{HOME}apps/?text=year")) == ["Yearly"]
    assert "No app matches" in client.get(f"{HOME}apps/?text=zz").content.decode()
    rows = exported(eve.get(f"{HOME}apps/?format=json"))
    assert [(row["app"], row["state"]) for row in rows] == [("Yearly report", "stopped")]


def test_the_pages_take_the_same_queries_however_many_projects(ana: Actor) -> None:
    """A project more is not a query more."""
    client = visitor(ana)
    few = queries(client, HOME), queries(client, f"{HOME}apps/")
    for number in range(10):
        project(ana, f"more{number}", "1")
    assert (queries(client, HOME), queries(client, f"{HOME}apps/")) == few
