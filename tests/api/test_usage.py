"""Usage over the API: rows of versions and others, and days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.caller import Caller
from support.people import person, published

from assay.core.prices import read_hour_prices
from assay.core.roles import Actor, Role
from assay.flow.usage import update
from assay.store.models import Launch, LibraryUse

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer; geo@1 was launched by two people, geo@2 and tiles@1 by nobody."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    geo = published(ana, ben, "geo", ["six"], {"six": "1", "rich": "1"})
    published(ana, ben, "geo", ["six"], {"six": "2", "rich": "1"})
    published(ana, ben, "tiles", ["six"], {"six": "3"})
    now = timezone.now()
    for who, kind, hours in ((ana, "studio", 2), (ben, "run", 1)):
        begin = now - timedelta(days=3)
        Launch.objects.create(
            person_id=who.id, environment_id=geo.environment_id, version=geo, kind=kind, digest="d", size="large",
            target_id=kind, started_at=begin, ended_at=begin + timedelta(hours=hours),
        )  # fmt: skip
    for library in ("", "six"):
        LibraryUse.objects.create(version=geo, library=library, day=now.date(), sessions=1)
    update.advance()
    return ben


def test_versions_with_their_use(ben: Actor, settings: Any) -> None:  # noqa: ANN401 - pytest-django's settings
    """Most used first; no cost without prices, no imports without a session."""
    caller = Caller(ben)
    with CaptureQueriesContext(connection) as seen:
        items = caller.get("/usage").json()["items"]
    assert len(seen) <= 5
    assert [(one["environment"], one["version"], one["launches"]) for one in items] == [
        ("geo", 1, 2),
        ("tiles", 1, 0),
        ("geo", 2, 0),
    ]
    day = (timezone.now() - timedelta(days=3)).date().isoformat()
    assert items[0] == {
        "environment": "geo", "version": 1, "status": "published", "owner": "ana", "people": 2, "launches": 2,
        "runs": 1, "hours": 3.0, "last_used": day, "size": 5000, "own_size": 500, "cost": None, "currency": None,
        "imported": 1, "libraries": 2,
    }  # fmt: skip
    assert (items[2]["imported"], items[2]["last_used"]) == (None, None)
    settings.SIZE_PRICES = read_hour_prices("large=1.5")
    update.advance()
    found = caller.get("/usage?days=30").json()["items"][0]
    assert (found["cost"], found["currency"]) == (3.0, "EUR")
    assert caller.get("/usage?days=31").json()["path"] == "days"


def test_rows_are_filtered_sorted_and_paged(ben: Actor) -> None:
    """By what a row is, and a cursor."""
    caller = Caller(ben)
    environments = caller.get("/usage?by=environment&sort=own_size").json()["items"]
    assert [(one["environment"], one["version"], one["people"]) for one in environments] == [
        ("geo", 2, 2),
        ("tiles", 1, 0),
    ]
    first = caller.get("/usage?limit=2").json()
    rest = caller.get(f"/usage?limit=2&cursor={first['next']}").json()
    assert (len(first["items"]), [one["environment"] for one in rest["items"]], rest["next"]) == (2, ["geo"], None)
    assert [one["version"] for one in caller.get("/usage?environment=geo&show=unused").json()["items"]] == [2]
    owners = caller.get("/usage?by=owner").json()["items"]
    assert [(one["name"], one["environments"], one["people"]) for one in owners] == [("ana", 2, 2)]
    assert "imported" not in owners[0]
    assert caller.get("/usage?by=group").json()["items"][0]["name"] == ""
    assert caller.get("/usage?by=planet").status_code == 422


def test_days(ben: Actor) -> None:
    """All days up to today, of the workspace or of one environment."""
    caller = Caller(ben)
    every = caller.get("/usage/daily?days=5").json()["items"]
    assert [(one["people"], one["launches"], one["runs"], one["hours"] > 0) for one in every] == [
        (0, 0, 0, False),
        (2, 2, 1, True),
        every_next(every),
        (0, 0, 0, False),
        (0, 0, 0, False),
    ]
    assert sum(one["hours"] for one in every) == 3.0
    assert caller.get("/usage/daily?days=5&environment=geo").json()["items"] == every
    assert all(one["launches"] == 0 for one in caller.get("/usage/daily?environment=tiles").json()["items"])
    assert caller.get("/usage/daily?environment=none").status_code == 404
    assert caller.get("/usage/daily?days=0").status_code == 422


def every_next(every: list[dict[str, Any]]) -> tuple[int, int, int, bool]:
    """Return the day after the launches; they may have run past midnight."""
    return (0, 0, 0, every[2]["hours"] > 0)


def test_members_may_not_see_it(ben: Actor) -> None:
    """Use of others is for those who review."""
    caller = Caller(person("mem"))
    assert {caller.get(path).status_code for path in ("/usage", "/usage/daily")} == {403}
    assert ben.name == "ben"
