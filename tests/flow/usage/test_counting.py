"""The law of the sums: whatever the order of starts, ends, counts and crashes, they equal the launches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.people import person, published

from assay.core.roles import Actor, Role
from assay.flow.launch.launch import end_launch
from assay.flow.usage import counting
from assay.flow.usage.counting import count_launches, rebuild
from assay.store import usage_sums
from assay.store.models import DailyUse, Launch, PersonUse, UsageSummary, Version, WorkspaceDay
from assay.store.reads.people_use import names_since, people_since

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 3, 1, 20, tzinfo=UTC)
DAY = timedelta(days=1)
World = tuple[Actor, Actor, Version]


@pytest.fixture
def world() -> World:
    """Return a member, a reviewer and the published version geo@1."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    return ana, ben, published(ana, ben, "geo", ["six"], {"six": "1.16.0"})


def launch(who: Actor, version: Version, kind: str, started: datetime, **more: object) -> Launch:
    """Record a launch."""
    return Launch.objects.create(
        person_id=who.id,
        environment_id=version.environment_id,
        version=version,
        kind=kind,
        digest="d",
        started_at=started,
        **({"target_id": f"{kind}{Launch.objects.count()}"} | more),
    )


def expected(now: datetime) -> dict[tuple[date, str, str], tuple[int, float]]:
    """Return the sums of all launches, computed day by day from their overlap with it."""
    found: dict[tuple[date, str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    for one in Launch.objects.all():
        end = one.ended_at or (min(now, one.started_at + DAY) if one.kind == "kernel" else now)
        found[one.started_at.date(), one.kind, one.size][0] += 1
        for number in range((end - one.started_at).days + 2):
            midnight = datetime(one.started_at.year, one.started_at.month, one.started_at.day, tzinfo=UTC)
            begin = midnight + number * DAY
            seconds = (min(end, begin + DAY) - max(one.started_at, begin)).total_seconds()
            if seconds > 0:
                found[begin.date(), one.kind, one.size][1] += seconds
    return {key: (int(launches), pytest.approx(seconds, abs=1e-3)) for key, (launches, seconds) in found.items()}


def sums() -> dict[tuple[date, str, str], tuple[int, float]]:
    """Return the stored sums."""
    return {(one.day, one.kind, one.size): (one.launches, one.seconds) for one in DailyUse.objects.all()}


@contextmanager
def killed() -> Iterator[None]:
    """Let the process end after its last statement, before the commit."""
    with (
        mock.patch.object(usage_sums, "mark_days", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        yield


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.sampled_from(["studio", "run", "app", "kernel", "pull"]), st.booleans()),
        st.tuples(st.just("end"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(1, 3000)),
        st.sampled_from([("count",), ("crash",), ("rebuild",)]),
    ),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_equal_the_launches(world: World, steps: list[tuple[object, ...]]) -> None:
    """Starts, ends and counts in any order, with crashes and rebuilds between them."""
    ana, ben, version = world
    for model in (Launch, DailyUse, PersonUse):
        model.objects.all().delete()
    now, started = START, []
    for step, *values in steps:
        if step == "start":
            kind, first = values
            ended = {"ended_at": now} if kind == "pull" else {}
            started.append(launch(ana if first else ben, version, str(kind), now, size="small", **ended))
        elif step == "end" and started:
            one = started[int(str(values[0])) % len(started)]
            with mock.patch("assay.flow.launch.launch.timezone.now", return_value=now):
                end_launch(one.kind, one.target_id)
        elif step == "wait":
            now += timedelta(minutes=int(str(values[0])))
        elif step == "count":
            count_launches(now)
        elif step == "crash" and counting._waiting(now).exists():
            with killed():
                count_launches(now)
        elif step == "rebuild":
            with mock.patch("assay.flow.usage.counting.timezone.now", return_value=now):
                rebuild(ana.workspace_id)
    now += timedelta(minutes=5)
    count_launches(now)
    assert sums() == expected(now)
    assert not Launch.objects.filter(ended_at__isnull=False, counted=False).exists()
    last = {one.person_id: one.last_day for one in PersonUse.objects.all()}
    assert last == {
        who.id: max(one.started_at.date() for one in started if one.person_id == who.id)
        for who in (ana, ben)
        if any(one.person_id == who.id for one in started)
    }


def test_an_end_that_was_recorded_before_the_count_takes_seconds_back(world: World) -> None:
    """The clock of the process that recorded the end was behind the worker's."""
    ana, _, version = world
    one = launch(ana, version, "studio", START)
    count_launches(START + timedelta(minutes=10))
    Launch.objects.filter(pk=one.pk).update(ended_at=START + timedelta(minutes=9))
    count_launches(START + timedelta(minutes=10))
    assert [round(row.seconds) for row in DailyUse.objects.all()] == [540]


def test_an_open_launch_is_added_every_few_minutes(world: World) -> None:
    """Not at each step of the worker; a lost kernel is never looked at again after its day."""
    ana, _, version = world
    launch(ana, version, "studio", START)
    launch(ana, version, "kernel", START)
    minute = timedelta(minutes=1)
    assert [count_launches(START + minutes * minute) for minutes in (0, 4, 5, 9, 10)] == [2, 0, 2, 0, 2]
    assert count_launches(START + 2 * DAY) == 2
    assert count_launches(START + 3 * DAY) == 1
    assert Launch.objects.get(kind="kernel").counted


def test_a_call_adds_a_bounded_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker comes back for the rest; so a first run with millions of launches stops nothing else."""
    ana, _, version = world
    monkeypatch.setattr(counting, "BATCH", 2)
    monkeypatch.setattr(counting, "MOST", 4)
    for _ in range(7):
        launch(ana, version, "pull", START, ended_at=START)
    assert [count_launches(START) for _ in range(3)] == [4, 3, 0]
    assert [one.launches for one in DailyUse.objects.all()] == [7]


def test_what_is_computed_from_the_sums_becomes_stale(world: World) -> None:
    """The day of the workspace, and the environment's rows."""
    ana, _, version = world
    stamp = {"days": 7, "computed_at": START, "basis": "known", "workspace_id": ana.workspace_id}
    UsageSummary.objects.create(environment_id=version.environment_id, **stamp)
    launch(ana, version, "run", START, ended_at=START + timedelta(hours=5))
    count_launches(START + DAY)
    assert [(one.day, one.stale) for one in WorkspaceDay.objects.order_by("day")] == [
        (date(2026, 3, 1), True),
        (date(2026, 3, 2), True),
    ]
    assert UsageSummary.objects.get().basis == ""


def test_a_rebuild_corrects_sums_that_are_wrong(world: World) -> None:
    """Rows of launches that exist are computed again; rows without any launch go."""
    ana, ben, version = world
    launch(ana, version, "run", START, ended_at=START + timedelta(hours=1))
    launch(ben, version, "run", START, ended_at=START + timedelta(hours=1))
    count_launches(START + DAY)
    DailyUse.objects.update(launches=50, seconds=1)
    PersonUse.objects.filter(person_id=ben.id).update(last_day=date(2030, 1, 1))
    assert rebuild(ana.workspace_id) == 2
    assert sums() == expected(START + DAY)
    assert set(PersonUse.objects.values_list("last_day", flat=True)) == {START.date()}


def test_people_of_a_version_since_a_day(world: World) -> None:
    """Whoever launched it on or after that day, by version or by name."""
    ana, ben, version = world
    launch(ana, version, "pull", START, ended_at=START)
    launch(ben, version, "pull", START + DAY, ended_at=START + DAY)
    launch(ben, version, "pull", START + DAY, ended_at=START + DAY)
    count_launches(START + DAY)
    today = START.date()
    assert people_since([version.pk, 999], today) == {version.pk: 2, 999: 0}
    assert people_since([version.pk], today + DAY) == {version.pk: 1}
    assert names_since(version.pk, today) == ["ana", "ben"]
    assert names_since(version.pk, today + DAY) == ["ben"]
