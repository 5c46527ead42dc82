"""Admin → Usage: charts, what a list costs, and a table by environment, version, owner and team group."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import person, published, visitor
from support.tables import exported, first_cells

from assay.core.prices import read_hour_prices
from assay.core.roles import Actor, Role
from assay.flow.usage import update
from assay.store.models import Environment, Launch, LibraryUse, Membership, Version

pytestmark = pytest.mark.django_db
PAGE = "/admin/usage/"


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer. geo is used by two people, tiles by a project long ago, idle by nobody."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    Membership.objects.filter(person_id=ana.id).update(groups=["maps"])
    geo = published(ana, ben, "geo", ["six"], {"six": "1"})
    tiles = published(ana, ben, "tiles", ["six"], {"six": "2"})
    published(ben, person("rev", Role.REVIEWER), "idle", ["six"], {"six": "3"})
    launch(ana, geo, "studio", 2, 90)
    launch(ben, geo, "kernel", 2, 30)
    launch(ana, tiles, "run", 50, 60)
    update.advance()
    return ben


def launch(who: Actor, version: Version, kind: str, days_ago: int, minutes: int) -> None:
    """Record a launch that ended."""
    at = timezone.now() - timedelta(days=days_ago)
    Launch.objects.create(
        person_id=who.id, environment_id=version.environment_id, version=version, kind=kind, digest="d",
        target_id=f"{kind}{days_ago}", started_at=at, ended_at=at + timedelta(minutes=minutes),
    )  # fmt: skip


def text(client: Client, query: str = "") -> str:
    """Return the page as text."""
    answer = client.get(PAGE + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_table_sorts_narrows_and_exports(ben: Actor) -> None:
    """Most launches first; every period has its own sums."""
    client = visitor(ben)
    assert first_cells(client.get(PAGE)) == ["Geo", "Tiles", "Idle"]
    assert first_cells(client.get(f"{PAGE}?sort=-environment")) == ["Tiles", "Idle", "Geo"]
    assert first_cells(client.get(f"{PAGE}?show=unused&days=30")) == ["Idle", "Tiles"]  # equal: newest first
    assert first_cells(client.get(f"{PAGE}?show=used")) == ["Geo", "Tiles"]
    assert first_cells(client.get(f"{PAGE}?text=TIL")) == ["Tiles"]
    assert first_cells(client.get(f"{PAGE}?owner=ben")) == ["Idle"]
    assert first_cells(client.get(f"{PAGE}?group=maps&sort=environment")) == ["Geo", "Tiles"]
    assert "Nothing matches." in text(client, "?text=zz")
    rows = exported(client.get(f"{PAGE}?format=json&days=30"))
    assert rows[0] == {
        "environment": "geo", "version": 1, "status": "published", "owner": "ana", "people": 2, "launches": 2,
        "runs": 0, "hours": 2.0, "last_used": rows[0]["last_used"], "size": 5000, "own_size": 500, "imported": None,
        "libraries": 1,
    }  # fmt: skip
    assert [(row["environment"], row["last_used"] or "") for row in rows[1:2]] == [("idle", "")]
    assert exported(client.get(f"{PAGE}?format=csv"))[1]["runs"] == "1"


def test_rows_are_environments_versions_owners_or_groups(ben: Actor) -> None:
    """Each leads to the next finer list; owners without a group have a row of their own."""
    client = visitor(ben)
    LibraryUse.objects.create(
        version=Version.objects.get(environment__slug="geo"), library="", day=timezone.now().date(), sessions=1
    )
    launch(ben, Version.objects.get(environment__slug="geo"), "pull", 0, 0)
    update.advance()
    assert first_cells(client.get(f"{PAGE}?by=version")) == ["Geo", "Tiles", "Idle"]
    assert "0 of 1" in text(client, "?by=version&text=geo")
    assert first_cells(client.get(f"{PAGE}?by=owner&sort=name")) == ["ana", "ben"]
    assert first_cells(client.get(f"{PAGE}?by=group&sort=-name")) == ["maps", "No"]
    assert first_cells(client.get(f"{PAGE}?by=owner&show=unused&days=365")) == ["ben"]
    assert first_cells(client.get(f"{PAGE}?by=owner&text=an")) == ["ana"]
    assert 'href="?days=90&amp;group=maps"' in text(client, "?by=group")
    rows = exported(client.get(f"{PAGE}?by=owner&format=json&sort=name"))
    assert [(row["name"], row["environments"], row["people"]) for row in rows] == [("ana", 2, 2), ("ben", 1, 0)]


def test_charts_show_each_day(ben: Actor) -> None:
    """People of the period once; a bar is a week in a year; one environment has its own charts."""
    client = visitor(ben)
    shown = text(client)
    assert shown.count('<svg class="chart"') == 4
    assert '<figcaption><span class="soft">People</span><strong>2</strong>' in shown
    assert '<span class="soft">Launches</span><strong>3</strong>' in shown
    assert shown.count('class="hover"') == 4 * 90
    assert text(client, "?days=365").count('class="hover"') == 4 * 53
    one = text(client, "?environment=tiles&by=version")
    assert "<strong>1</strong>" in one
    assert '<span class="soft">Runs</span><strong>1</strong>' in one
    assert client.get(f"{PAGE}?environment=nothing").status_code == 404
    days = exported(client.get(f"{PAGE}?daily=json&environment=geo"))
    assert len(days) == 90
    assert sum(one["launches"] for one in days) == 2
    assert len(exported(client.get(f"{PAGE}?daily=csv&days=30"))) == 30


def test_a_change_is_compared_with_the_days_before(ben: Actor) -> None:
    """In the same number of days."""
    assert "+100 % vs previous 30 days" in text(visitor(ben), "?days=30")


def test_costs_are_shown_when_prices_are_set(ben: Actor, settings: Any) -> None:  # noqa: ANN401 - pytest-django's settings
    """And what would be saved; without prices a hint says how to set them."""
    client = visitor(ben)
    assert "ASSAY_SIZE_PRICES" in text(client)
    assert "Cost" not in text(client)
    settings.SIZE_PRICES, settings.STORAGE_PRICE = read_hour_prices("medium=2 run=10"), 1e6
    update.advance()
    shown = text(client, "?days=30")
    assert "ASSAY_SIZE_PRICES" not in shown
    assert first_cells(client.get(f"{PAGE}?days=365")) == ["Tiles", "Geo", "Idle"]
    assert ">not used in 30 days; retiring these 2 frees that, 1.00 EUR a month<" in shown
    assert ">all files of the workspace, 1.50 EUR a month<" in shown
    assert 'href="?days=30&amp;show=unused"' in shown
    assert ">environment in this list<" in text(client, "?text=geo")
    assert ">unused in 90 days<" in text(client, "?text=geo")
    rows = exported(client.get(f"{PAGE}?format=json&days=30&text=geo"))
    assert rows[0]["cost"] == pytest.approx(3 + 0.5 * 30 / 30.4375, abs=0.01)


def test_what_was_retired_stays_while_its_use_counts(ben: Actor) -> None:
    """Without use in the period it is gone from the list."""
    retired = Environment.objects.get(slug="tiles")
    Environment.objects.filter(pk=retired.pk).update(active=None)
    Version.objects.filter(environment=retired).update(status="retired", updated_at=timezone.now())
    update.advance()
    client = visitor(ben)
    assert first_cells(client.get(f"{PAGE}?days=90&by=version")) == ["Geo", "Tiles", "Idle"]
    assert "Retired" in text(client, "?days=90")
    assert first_cells(client.get(f"{PAGE}?days=30")) == ["Geo", "Idle"]


def test_the_page_takes_a_few_queries(ben: Actor) -> None:
    """However many rows there are."""
    client = visitor(ben)
    for query in ("", "?by=version", "?by=owner", "?by=group", "?environment=geo&by=version", "?group=maps"):
        client.get(PAGE + query)
        with CaptureQueriesContext(connection) as seen:
            client.get(PAGE + query)
        assert len(seen) <= 13, [one["sql"][:100] for one in seen]


def test_only_reviewers_see_it(ben: Actor) -> None:
    """403 with the role that it takes; a workspace sees its own use."""
    assert visitor(person("mem")).get(PAGE).status_code == 403
    assert first_cells(visitor(person("zoe", Role.REVIEWER, "other")).get(PAGE)) == []
    assert "Nothing is published yet." in text(visitor(person("yan", Role.REVIEWER, "third")))
    assert ben.name == "ben"
