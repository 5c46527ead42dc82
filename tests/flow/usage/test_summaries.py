"""Summaries and totals of use: what each environment, version, owner and team group was used, takes and costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.people import person, published
from support.sort_columns import check_sort_columns

from assay.core.lifecycle import Status
from assay.core.prices import read_hour_prices
from assay.core.roles import Actor, Role
from assay.flow.access import actor_in
from assay.flow.compose.draft import new_version
from assay.flow.people import find_person
from assay.flow.retire import deprecate, retire
from assay.flow.usage import summaries, totals, update
from assay.flow.usage.counting import count_launches
from assay.store.models import (
    DailyPeople,
    Environment,
    GroupUsage,
    Launch,
    LibraryUse,
    Membership,
    Person,
    UsageSummary,
    Version,
    VersionUsage,
    WorkspaceDay,
    WorkspaceUsage,
)
from assay.store.reads.disk_usage import own_bytes

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _earlier() -> Iterator[None]:
    """Let everything happen before the first step."""
    with time_machine.travel(NOW - DAY, tick=False):
        yield


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return an administrator who reviews."""
    return person("ben", Role.ADMIN)


@pytest.fixture
def geo(ana: Actor, ben: Actor) -> Version:
    """Return geo@1 of ana with the files a and b; other@1 of ben has b, too, and c."""
    version = published(ana, ben, "geo", ["six"], {"six": "1", "rich": "1"})
    published(ben, reviewer(), "other", ["six"], {"rich": "1", "idna": "1"})
    return version


def reviewer() -> Actor:
    """Return another reviewer."""
    if Person.objects.filter(username="rev").exists():
        return actor_in(find_person("rev"), "default")
    return person("rev", Role.REVIEWER)


def launch(who: Actor, version: Version, kind: str, ago: timedelta, lasts: timedelta, size: str = "") -> Launch:
    """Record a launch that ended."""
    started = NOW - ago
    return Launch.objects.create(
        person_id=who.id, environment_id=version.environment_id, version=version, kind=kind, digest="d", size=size,
        target_id=f"{kind}{Launch.objects.count()}", started_at=started, ended_at=started + lasts,
    )  # fmt: skip


def step(moment: datetime = NOW) -> bool:
    """Be the worker for one step at a time."""
    with time_machine.travel(moment, tick=False):
        return update.advance()


def summary(slug: str, days: int = 90) -> UsageSummary:
    """Return the summary of an environment."""
    return UsageSummary.objects.get(environment__slug=slug, days=days)


def of_version(version: Version, days: int = 90) -> VersionUsage:
    """Return the summary of a version."""
    return VersionUsage.objects.get(version=version, days=days)


def test_a_summary_has_the_use_of_its_period(geo: Version, ana: Actor, ben: Actor) -> None:
    """People once, launches by their start, hours by the days on which they ran; runs are those of projects."""
    launch(ana, geo, "studio", 2 * DAY, 2 * HOUR)
    launch(ana, geo, "run", 20 * DAY, HOUR)
    launch(ben, geo, "kernel", 200 * DAY, HOUR)
    assert step() is False
    found = {days: summary("geo", days) for days in (7, 30, 90, 365)}
    assert [(one.people, one.launches, one.runs, one.seconds) for one in found.values()] == [
        (1, 1, 0, 7200.0),
        (1, 2, 1, 10800.0),
        (1, 2, 1, 10800.0),
        (2, 3, 1, 14400.0),
    ]
    assert {one.last_day for one in found.values()} == {date(2026, 6, 28)}
    assert (of_version(geo, 365).people, of_version(geo, 365).seconds) == (2, 14400.0)
    assert (summary("other").launches, summary("other").last_day) == (0, None)
    assert Environment.objects.get(slug="geo").recent_people == 1
    check_sort_columns()


def test_bytes_are_own_or_shared(geo: Version, ana: Actor, ben: Actor) -> None:
    """A file that another environment has is shared; what the lock holds beyond libraries belongs to the size."""
    step()
    assert (summary("geo").size, summary("geo").own_size) == (5000, 500)
    assert geo.lock is not None
    assert of_version(geo).own_size == own_bytes(geo.lock) == 500
    assert WorkspaceUsage.objects.get(days=90).size == 1500
    second = published(ana, ben, "geo", ["six"], {"six": "1", "attrs": "1"})
    with time_machine.travel(NOW + DAY, tick=False):
        Version.objects.filter(pk=second.pk).update(updated_at=NOW + DAY)
        update.advance()
    assert (summary("geo").own_size, of_version(geo).own_size, of_version(second).own_size) == (1000, 0, 500)
    assert summary("geo").size == 4000 + 4000 + 1500


def test_the_end_of_one_version_makes_files_of_another_its_own(geo: Version, ben: Actor) -> None:
    """The next step computes exactly those environments again whose own bytes have changed."""
    published(ben, reviewer(), "third", ["six"], {"attrs": "1"})
    step()
    stamps = {slug: summary(slug).computed_at for slug in ("geo", "other", "third")}
    with time_machine.travel(NOW + HOUR, tick=False):
        deprecate(ben, "geo", 1, reason="Nobody needs it.")
        retire(ben, "geo", 1, reason="Nobody needs it.")
    assert step(NOW + 2 * HOUR) is False
    assert (summary("other").own_size, summary("geo").size, summary("geo").own_size) == (1000, 0, 0)
    assert {slug for slug, stamp in stamps.items() if summary(slug).computed_at != stamp} == {"geo", "other"}
    assert Version.objects.get(pk=geo.pk).status == Status.RETIRED


def test_costs_follow_the_prices(geo: Version, ana: Actor, settings: Any) -> None:  # noqa: ANN401 - pytest-django's settings
    """Hours by size, own bytes by time; servers without a size have the default one. New prices count at once."""
    launch(ana, geo, "studio", 2 * DAY, 2 * HOUR, "large")
    launch(ana, geo, "studio", 2 * DAY, 4 * HOUR)
    launch(ana, geo, "run", 2 * DAY, HOUR)
    launch(ana, geo, "kernel", 2 * DAY, HOUR)
    step()
    assert summary("geo").cost == 0
    settings.SIZE_PRICES = read_hour_prices("large=1 medium=0.5 run=0.25")
    step()
    assert summary("geo").cost == of_version(geo).cost == 4.25
    settings.SIZE_PRICES, settings.STORAGE_PRICE = (), 1e6
    step()
    assert summary("geo", 365).cost == pytest.approx(0.5 * 365 / 30.4375)


def test_a_summary_is_computed_again_only_when_it_must_be(geo: Version, ana: Actor) -> None:
    """After a launch, and on a new day."""
    step()
    first = summary("geo").computed_at
    step(NOW + HOUR)
    assert summary("geo").computed_at == first
    launch(ana, geo, "pull", -HOUR, timedelta())
    step(NOW + 2 * HOUR)
    assert summary("geo").launches == 1
    assert summary("other").computed_at == first
    step(NOW + DAY)
    assert summary("other").computed_at > first
    step(NOW + 91 * DAY)
    assert (summary("geo").launches, summary("geo").people) == (0, 0)


def test_steps_are_bounded(geo: Version, ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker comes back at once for the rest."""
    for ago in range(3):
        launch(ana, geo, "pull", ago * DAY, timedelta())
    monkeypatch.setattr(summaries, "BATCH", 1)
    monkeypatch.setattr(update, "BATCH", 1)
    assert step() is True
    assert UsageSummary.objects.filter(days=90).count() == 1
    assert (step(), step()) == (True, False)
    assert UsageSummary.objects.filter(days=90).count() == 2


def test_imports_are_counted_by_version(geo: Version) -> None:
    """None while nothing was recorded in the period; the row of the sessions is no library."""
    today = NOW.date()
    for library, day, sessions in (("", today - 40 * DAY, 3), ("six", today - 40 * DAY, 3), ("rich", today, 0)):
        LibraryUse.objects.create(version=geo, library=library, day=day, sessions=sessions)
    step()
    assert [of_version(geo, days).imported for days in (7, 30, 90, 365)] == [None, None, 1, 1]


def test_days_of_the_workspace_equal_the_launches(geo: Version, ana: Actor, ben: Actor) -> None:
    """A person counts once a day, in the workspace and in each environment; a day without launches has no row."""
    other = Version.objects.get(environment__slug="other")
    for who, version in ((ana, geo), (ana, other), (ben, geo), (ana, geo)):
        launch(who, version, "run", DAY, HOUR)
    step()
    day = WorkspaceDay.objects.get()
    assert (day.day, day.people, day.launches, day.runs, day.seconds) == (date(2026, 6, 29), 2, 4, 4, 4 * 3600.0)
    assert dict(DailyPeople.objects.values_list("environment__slug", "people")) == {"geo": 2, "other": 1}
    Launch.objects.filter(person_id=ben.id).delete()
    Launch.objects.filter(version=other).delete()
    with time_machine.travel(NOW, tick=False):
        assert update.rebuild_all(ana.workspace_id) == 2
    day.refresh_from_db()
    assert (day.people, day.launches, day.seconds, day.stale) == (1, 2, 2 * 3600.0, False)
    assert dict(DailyPeople.objects.values_list("environment__slug", "people")) == {"geo": 1}
    assert (summary("geo").launches, summary("other").launches) == (2, 0)


def test_a_rebuild_gives_the_same(geo: Version, ana: Actor, ben: Actor) -> None:
    """In every table, row by row."""
    for number in range(30):
        launch((ana, ben)[number % 2], geo, ("run", "studio", "kernel")[number % 3], number * 9 * DAY, 3 * HOUR)
    while step():
        pass
    before = everything()
    with time_machine.travel(NOW, tick=False):
        assert update.rebuild_all(ana.workspace_id) == 30
    assert everything() == before
    assert len(before["UsageSummary"]) == 8


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return all rows that are computed."""
    models = (UsageSummary, VersionUsage, GroupUsage, WorkspaceUsage, WorkspaceDay, DailyPeople)
    rows = {one.__name__: list(one.objects.values()) for one in models}
    for row in (row for found in rows.values() for row in found):
        del row["id"]
    return {
        name: sorted(found, key=lambda row: str(sorted((key, str(value)) for key, value in row.items())))
        for name, found in rows.items()
    }


def test_owners_and_team_groups_have_totals(geo: Version, ana: Actor, ben: Actor) -> None:
    """Each person counts once for an owner, who counts in each of their groups; '' is for owners without a group."""
    Membership.objects.filter(person_id=ana.id).update(groups=["maps", "data"])
    published(ana, ben, "tiles", ["six"], {"six": "2"})
    tiles = Version.objects.get(environment__slug="tiles")
    for version in (geo, tiles):
        launch(ben, version, "pull", DAY, timedelta())
    step()
    rows = {(one.by, one.name): one for one in GroupUsage.objects.filter(days=90)}
    assert {key: (one.environments, one.people, one.launches) for key, one in rows.items()} == {
        ("owner", "ana"): (2, 1, 2),
        ("owner", "ben"): (1, 0, 0),
        ("group", "maps"): (2, 1, 2),
        ("group", "data"): (2, 1, 2),
        ("group", ""): (1, 0, 0),
    }
    assert rows["owner", "ana"].last_day == date(2026, 6, 29)
    assert WorkspaceUsage.objects.get(days=90).people == 1
    assert GroupUsage.objects.get(days=365, by="owner", name="ana").people == 1


def test_only_totals_that_changed_are_written(geo: Version, ana: Actor, ben: Actor) -> None:
    """Rows that say the same are left as they are; those of nobody are removed."""
    Membership.objects.filter(person_id=ana.id).update(groups=["maps"])
    step()
    launch(ben, geo, "pull", DAY, timedelta())
    Membership.objects.filter(person_id=ana.id).update(groups=["data"])
    later = NOW + timedelta(minutes=2)
    step(later)
    computed = dict(GroupUsage.objects.filter(days=90).values_list("name", "computed_at"))
    assert computed == {"ana": later, "data": later, "": NOW, "ben": NOW}


def test_totals_are_computed_at_most_once_a_minute(geo: Version, ana: Actor) -> None:
    """They read the use of every person."""
    step()
    launch(ana, geo, "pull", DAY, timedelta())
    step(NOW + timedelta(seconds=30))
    assert (summary("geo").people, WorkspaceUsage.objects.get(days=90).people) == (1, 0)
    step(NOW + timedelta(seconds=61))
    assert WorkspaceUsage.objects.get(days=90).people == 1
    launch(ana, geo, "pull", DAY, timedelta())
    totals._took[ana.workspace_id] = timedelta(seconds=3)
    step(NOW + timedelta(seconds=130))
    assert WorkspaceUsage.objects.get(days=90).computed_at == NOW + timedelta(seconds=61)
    totals._took.clear()
    step(NOW + timedelta(seconds=130))
    with time_machine.travel(NOW + timedelta(seconds=200), tick=False):
        assert totals.refresh_totals(NOW + timedelta(seconds=200)) == 0


def test_only_what_was_published_has_a_summary(ana: Actor, ben: Actor) -> None:
    """A draft has none, of its own or within an environment; its launches count in the environment."""
    version = published(ana, ben, "geo", ["six"], {"six": "1"})
    number = new_version(ana, "geo").number
    own = Version.objects.get(environment=version.environment_id, number=number)
    launch(ana, own, "studio", DAY, HOUR)
    step()
    assert list(VersionUsage.objects.filter(days=90).values_list("version__number", flat=True)) == [1]
    assert summary("geo").launches == 1


def test_a_step_with_nothing_to_do_costs_a_few_queries(geo: Version) -> None:
    """However much there is."""
    step()
    with CaptureQueriesContext(connection) as seen:
        step(NOW + HOUR)
    assert len([one for one in seen if "SAVEPOINT" not in one["sql"]]) <= 22
    count_launches(NOW)
    assert geo.number == 1
