"""Schedules: each time is run once, whoever looks and whatever dies; missed times are made up for by one run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from support.people import person
from support.projects import project, published, work_until_ended

from assay.core.errors import InvalidInputError
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.runtimes import projects, runs, schedules
from assay.runtimes.cron import next_time
from assay.store.models import Event, Run, Runtime

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Ana, with a published version."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    return ana


def overdue(runtime: Runtime, hours: float = 1) -> datetime:
    """Let the next time of a project have passed so long ago."""
    due = timezone.now() - timedelta(hours=hours)
    Runtime.objects.filter(pk=runtime.pk).update(next_at=due)
    return due


def test_times_are_those_of_the_zone() -> None:
    """Half past six in Berlin is 4:30 in summer and 5:30 in winter by UTC; what an hour lacks is made up for."""
    summer, winter = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert next_time("30 6 * * *", "Europe/Berlin", summer) == datetime(2026, 7, 2, 4, 30, tzinfo=UTC)
    assert next_time("30 6 * * *", "Europe/Berlin", winter) == datetime(2026, 12, 2, 5, 30, tzinfo=UTC)
    night = datetime(2026, 3, 28, 12, tzinfo=UTC)  # 2:30 does not exist on 29 March 2026
    assert next_time("30 2 * * *", "Europe/Berlin", night) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert next_time("", "UTC", night) is None


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis adds the zone
    st.sampled_from(["* * * * *", "30 2 * * *", "0 */6 * * *", "15 4 1 * *", "0 0 * * 1-5"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_times_go_forward(after: datetime, cron: str, zone: str) -> None:
    """The next time is always later, and nothing lies between."""
    first = next_time(cron, zone, after)
    assert first is not None
    assert first > after
    second = next_time(cron, zone, first)
    assert second is not None
    assert second > first
    assert next_time(cron, zone, first - timedelta(seconds=1)) == first


@pytest.mark.parametrize(
    ("cron", "zone", "path"),
    [
        ("61 * * * *", "UTC", "schedule"),
        ("* * * *", "UTC", "schedule"),
        ("* * * * * *", "UTC", "schedule"),
        ("0 0 31 2 *", "UTC", "schedule"),
        ("rm -rf", "UTC", "schedule"),
        ("0 0 * * *", "Mars/Base", "timezone"),
        ("0 0 * * *", "../../etc/passwd", "timezone"),
    ],
)
def test_schedules_that_name_no_time_are_refused(ana: Actor, cron: str, zone: str, path: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInputError) as refused:
        project(ana, "job", "pass", schedule=cron, timezone=zone)
    assert refused.value.path == path


def test_what_is_due_runs_once(ana: Actor) -> None:
    """A due time is queued once, runs, and the next one lies ahead."""
    runtime = project(ana, "job", "print(1)", schedule="*/5 * * * *")
    assert runtime.next_at is not None
    assert not schedules.advance()
    due = overdue(runtime, 0.01)
    now = timezone.now()
    assert schedules.advance()
    assert not schedules.advance()
    run = Run.objects.get()
    assert (run.scheduled_for, run.person_id) == (due, ana.id)
    work_until_ended([run])
    runtime.refresh_from_db()
    assert runtime.next_at > now
    assert Event.objects.get(name="run.requested").actor == "schedule"


def test_days_of_absence_are_made_up_for_by_one_run(ana: Actor) -> None:
    """However many times passed without a worker, one run is queued."""
    overdue(project(ana, "job", "pass", schedule="* * * * *"), hours=72)
    schedules.advance()
    schedules.advance()
    assert Run.objects.count() == 1


def test_two_workers_queue_one_run(ana: Actor) -> None:
    """Who saw the same time as due too finds it taken."""
    runtime = project(ana, "job", "pass", schedule="* * * * *")
    overdue(runtime)
    seen = Runtime.objects.select_related("workspace", "owner").get()
    schedules.advance()
    schedules._run_due(seen, timezone.now())
    assert Run.objects.count() == 1


def test_a_crash_neither_loses_nor_doubles(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any point while queueing, the time is still due; afterwards it is not."""
    due = overdue(project(ana, "job", "pass", schedule="* * * * *"))
    original = schedules.record_run

    def die(*_: Any, **__: Any) -> None:  # noqa: ANN401 - stands for any call
        raise KeyboardInterrupt

    for name in ("_authorize", "make_run", "record_run"):
        with monkeypatch.context() as crash:
            crash.setattr(schedules, name, die)
            with pytest.raises(KeyboardInterrupt):
                schedules.advance()
        assert Runtime.objects.get().next_at == due
        assert not Run.objects.exists()
    assert schedules.record_run is original
    schedules.advance()
    assert Run.objects.count() == 1


def test_a_run_that_is_still_open_is_not_overtaken(ana: Actor) -> None:
    """While the scheduled run before is open, a time is left out, told on the project and in the trail."""
    runtime = project(ana, "job", "pass", schedule="* * * * *")
    for _ in range(2):
        overdue(runtime)
        schedules.advance()
    assert Run.objects.count() == 1
    assert "was still open" in Runtime.objects.get().message
    assert Event.objects.filter(name="run.left_out").count() == 1


def test_what_may_not_start_is_told(ana: Actor) -> None:
    """A retired version does not run by schedule; the project says why, and its schedule goes on."""
    runtime = project(ana, "job", "pass", schedule="* * * * *", environment="lab@1")
    retire.quarantine(person("root", Role.ADMIN), "lab", 1, reason="a bad library")
    overdue(runtime)
    now = timezone.now()
    schedules.advance()
    runtime.refresh_from_db()
    assert "quarantined" in runtime.message
    assert runtime.next_at > now
    assert not Run.objects.exists()


def test_changing_the_schedule_changes_the_next_time(ana: Actor) -> None:
    """A new line or zone counts from now; anything else leaves the next time alone; none ends it."""
    runtime = project(ana, "job", "pass", schedule="* * * * *")
    due, plan = overdue(runtime), projects.spec_of(runtime)
    assert projects.change(ana, "job", replace(plan, title="Other")).next_at == due
    now = timezone.now()
    changed = projects.change(ana, "job", replace(plan, schedule="0 6 * * *")).next_at
    assert changed is not None
    assert changed > now
    assert projects.change(ana, "job", replace(plan, schedule="")).next_at is None
    assert runs.request_run(ana, "job").scheduled_for is None
