"""The tables of an environment: they sort, narrow and export, by a few queries however many rows there are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import new_version, person, published, visitor
from support.tables import exported, first_cells

from assay.core.roles import Actor, Role
from assay.flow.people import find_person
from assay.store.models import Environment, Launch

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
PINS = {"six": "1.17.0", "rich": "13.10.0", "idna": "3.7"}
HOME = "/environments/geo/"


@pytest.fixture
def ana() -> Actor:
    """Return the author of `geo`, whose libraries are rich, idna and six."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six", "rich"], PINS)
    return ana


def used(slug: str, names: list[str]) -> None:
    """Record a use by each, one hour apart, the first one last."""
    found, now = Environment.objects.get(slug=slug), timezone.now()
    for hours, name in enumerate(names):
        Launch.objects.create(
            person=find_person(name), environment=found, version=found.active, kind="server", digest="d" * 64,
            target_id="x", started_at=now - timedelta(hours=hours), ended_at=now,
        )  # fmt: skip


def test_libraries_sort_narrow_and_export(ana: Actor) -> None:
    """Direct ones first unless the address sorts; the filter looks at names and at why a library is there."""
    client = visitor(ana)
    assert first_cells(client.get(f"{HOME}?tab=libraries")) == ["rich", "six", "idna"]
    assert first_cells(client.get(f"{HOME}?tab=libraries&sort=-library")) == ["six", "rich", "idna"]
    assert first_cells(client.get(f"{HOME}?tab=libraries&sort=version")) == ["six", "idna", "rich"]
    assert first_cells(client.get(f"{HOME}?tab=libraries&text=ID")) == ["idna"]
    assert first_cells(client.get(f"{HOME}?tab=libraries&origin=asked&sort=library")) == ["rich", "six"]
    assert "No library matches these filters." in client.get(f"{HOME}?tab=libraries&text=zz").content.decode()
    rows = exported(client.get(f"{HOME}?tab=libraries&format=csv&sort=library"))
    assert [(row["library"], row["version"]) for row in rows] == sorted(PINS.items())
    assert rows[0]["hash"].startswith("sha256:")


def test_versions_sort_and_export(ana: Actor) -> None:
    """Newest first; a draft that is not built has no size, and comes last both ways."""
    new_version(ana, "geo")
    client = visitor(ana)
    assert first_cells(client.get(f"{HOME}?tab=versions")) == ["@2", "@1"]
    assert first_cells(client.get(f"{HOME}?tab=versions&sort=size")) == ["@1", "@2"]
    assert first_cells(client.get(f"{HOME}?tab=versions&sort=-size")) == ["@1", "@2"]
    rows = exported(client.get(f"{HOME}?tab=versions&format=json"))
    assert [(row["version"], row["status"], row["libraries"]) for row in rows] == [
        (2, "draft", None),
        (1, "published", 3),
    ]


def test_use_is_sorted_in_the_database_and_exported_whole(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page holds some of the uses, the file all of them."""
    used("geo", ["ana", "ben", "ana"])
    monkeypatch.setattr("assay.web.studio.environment_tables.PAGE", 2)
    client = visitor(ana)
    page = client.get(f"{HOME}?tab=usage")
    assert first_cells(page) == ["ana", "ben"]
    assert "Next page" in page.content.decode()
    assert first_cells(client.get(f"{HOME}?tab=usage&sort=-user")) == ["ben", "ana"]
    rows = exported(client.get(f"{HOME}?tab=usage&format=csv&sort=started"))
    assert [row["user"] for row in rows] == ["ana", "ben", "ana"]
    assert float(rows[0]["seconds"]) == pytest.approx(7200)


@pytest.mark.parametrize("tab", ["versions", "libraries", "usage"])
def test_a_tab_takes_the_same_queries_however_many_rows(ana: Actor, tab: str) -> None:
    """A row more is not a query more."""
    client = visitor(ana)
    few = queries(client, f"{HOME}?tab={tab}")
    used("geo", ["ana", "ben"] * 10)
    new_version(ana, "geo")
    assert queries(client, f"{HOME}1/?tab={tab}") <= few


def queries(client: Client, address: str) -> int:
    """Count the queries of a page."""
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)
