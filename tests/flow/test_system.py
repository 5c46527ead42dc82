"""The state of the installation in words: what readiness and *Admin → System* say."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.utils import timezone
from support.people import draft, person

from assay.core.errors import UnavailableError
from assay.core.system import Check, State
from assay.flow import system
from assay.flow.build.build import request_build
from assay.flow.system import is_ready, ready_checks, system_checks, workers_check
from assay.flow.watch.advisories import refresh_feed
from assay.store import workers
from assay.store.models import Build, Feed, WorkerProcess
from assay.store.workers import Worker

pytestmark = pytest.mark.django_db


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


def by_name(checks: tuple[Check, ...]) -> dict[str, Check]:
    """Return checks by name."""
    return {one.name: one for one in checks}


def test_without_a_worker_it_is_not_ready() -> None:
    """And with one that was seen just now it is."""
    checks = ready_checks()
    assert not is_ready(checks)
    assert by_name(checks)["Worker"].words == "There is none."
    workers.announce()
    checks = ready_checks()
    assert is_ready(checks)
    assert by_name(checks)["Worker"].words == "1 worker on 1 host."
    assert by_name(checks)["Database"].words.endswith("responds.")


def test_a_silent_worker_is_told_with_its_silence() -> None:
    """And what to do."""
    lost = Worker(host="a", pid=1, release="1", silent=timedelta(minutes=5))
    found = workers_check([lost])
    assert (found.state, found.words) == (State.BAD, "The last sign of life is 5 minutes old.")
    assert "Start it" in found.hint
    just_gone = Worker(host="a", pid=1, release="1", silent=timedelta(seconds=90))
    assert workers_check([lost, just_gone]).words == "The last sign of life is 90 seconds old."


@pytest.mark.parametrize(("free", "state", "hint"), [(1, State.BAD, "at least"), (2 << 30, State.WARN, "collect")])
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, free: int, state: State, hint: str) -> None:
    """With what can be removed."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total=1 << 40, used=0, free=free))
    found = by_name(ready_checks())["Disk"]
    assert found.state is state
    assert hint in found.hint


def test_advisories_are_told_with_the_reason(settings: Any) -> None:  # noqa: ANN401 - pytest-django's settings
    """Why none are loaded, and how old they are."""
    settings.ADVISORIES = "http://127.0.0.1:9/all.zip"
    with pytest.raises(UnavailableError):
        refresh_feed(settings.ADVISORIES)
    found = by_name(ready_checks())["Advisories"]
    assert (found.state, found.words) == (State.WARN, "None are loaded.")
    assert "cannot be fetched" in found.hint
    settings.ADVISORIES = ""
    assert by_name(ready_checks())["Advisories"].state is State.OK
    counts = {"malformed": 0, "added": 0, "changed": 0, "removed": 0}
    old = timezone.now() - timedelta(days=5)
    Feed.objects.create(source="a", digest="d", records=1234, loaded_at=old, **counts)
    found = by_name(ready_checks())["Advisories"]
    assert (found.state, found.words) == (State.WARN, "1,234 records, loaded 5 days ago.")
    assert found.hint == "They should be less than 3 days old."


def test_the_queue_is_told() -> None:
    """How many builds wait, and since when."""
    assert by_name(system_checks())["Builds"].words == "0 running, 0 queued."
    ana = person("ana")
    draft(ana, "geo", "six")
    request_build(ana, "geo", 1)
    Build.objects.update(created_at=timezone.now() - timedelta(hours=3))
    assert by_name(system_checks())["Builds"].words == "0 running, 1 queued, the first one since 3 hours."


def test_postgresql_is_told_with_its_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its own tools write it."""
    monkeypatch.setattr(system.connection, "vendor", "postgresql")
    monkeypatch.setattr(system.connection, "pg_version", 170_002, raising=False)
    assert system._database().words == "PostgreSQL 17.2 responds."


def test_workers_are_listed_by_host_and_forgotten_after_a_day() -> None:
    """Each says that it works in the time of the database; one that ends leaves the list."""
    first = workers.announce()
    assert workers.mark_seen(first)
    (found,) = workers.list_workers()
    assert found.silent < timedelta(seconds=10)
    WorkerProcess.objects.update(seen_at=timezone.now() - timedelta(days=2))
    assert workers.list_workers()[0].silent > timedelta(days=1)
    second = workers.announce()
    assert not workers.mark_seen(first)
    workers.leave(second)
    assert workers.list_workers() == []
