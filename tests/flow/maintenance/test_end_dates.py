"""Deprecated versions are announced to end, end by themselves, and lead to their successors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from support.people import draft, person, published

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor, Role
from assay.flow.access import find_reference, find_version
from assay.flow.launch.launch import authorize_launch, instead_of, notice_of
from assay.flow.maintenance import end_dates
from assay.flow.maintenance.redirects import redirect_of
from assay.flow.retire import deprecate, retire
from assay.flow.watch.quarantine import ends_at, stop_reason
from assay.store.models import Event, Lock, Version

pytestmark = pytest.mark.django_db
START = datetime(2027, 1, 1, 9, tzinfo=UTC)
END = START + timedelta(days=45)
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; old@1, mid@1 and new@1 are published."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    for number, slug in enumerate(("old", "mid", "new")):
        published(ana, ben, slug, ["six"], {"six": f"1.1{number}.0"})
    return ana, ben, eva


def test_two_months_to_the_end(people: People) -> None:
    """Three reminders, one retirement, each once however often the worker looks."""
    ana, ben, _ = people
    with time_machine.travel(START, tick=False) as clock:
        deprecate(ben, "old", 1, reason="Python 3.9 ends.", successor="new@1", ends_at=END)
        assert notice_of(ana, find_version(ana, "old", 1)).endswith("It ends on 2027-02-15. Use new@1 instead.")
        for day in range(1, 60):
            now = START + timedelta(days=day)
            clock.move_to(now)
            for _ in range(2):
                end_dates.remind(now)
                end_dates.retire_ended(now)
    reminders = Event.objects.filter(name="version.ends-soon").order_by("sequence")
    assert [one.detail["days"] for one in reminders] == [30, 7, 1]
    assert reminders.last().detail["reason"] == "in 1 day, on 2027-02-15. Use new@1 instead."  # type: ignore[union-attr]
    assert {one.actor for one in reminders} == {"assay"}
    ended = Event.objects.get(name="version.retired")
    assert (ended.actor, ended.detail["rule"], ended.at) == ("assay", "end date", END)
    version = find_version(ana, "old", 1)
    assert (version.status, version.reason) == (Status.RETIRED, "Python 3.9 ends.")


def test_what_runs_ends_after_the_grace_period(people: People) -> None:
    """24 hours after the end, and after somebody retired it."""
    ana, ben, eva = people
    with time_machine.travel(START, tick=False) as clock:
        deprecate(ben, "old", 1, reason="old", ends_at=START + timedelta(days=1))
        deprecate(ben, "mid", 1, reason="old")
        clock.move_to(START + timedelta(days=2))
        assert end_dates.retire_ended(START + timedelta(days=2)) == 1
        version = find_version(ana, "old", 1)
        assert ends_at(version) == START + timedelta(days=3)
        assert stop_reason(version) == ""
        clock.move_to(START + timedelta(days=3))
        assert stop_reason(version) == "old@1 is retired; what ran in it is stopped."
        retire(eva, "mid", 1, reason="gone")
        assert ends_at(find_version(ana, "mid", 1)) == START + timedelta(days=4)


def test_a_name_leads_along_successors(people: People) -> None:
    """Through two retired environments; the exact version is refused with what to use instead."""
    ana, ben, eva = people
    deprecate(ben, "old", 1, reason="old", successor="mid@1")
    deprecate(ben, "mid", 1, reason="old too", successor="new@1")
    retire(eva, "old", 1, reason="gone")
    assert find_reference(ana, "old").reference == "mid@1"
    retire(eva, "mid", 1, reason="gone")
    assert find_reference(ana, "old").reference == "new@1"
    assert authorize_launch(ana, "old").version.reference == "new@1"
    with pytest.raises(ForbiddenError, match="This version is retired; it cannot be launched") as caught:
        authorize_launch(ana, "old@1")
    assert caught.value.hint == "Use new@1 instead."


def test_successors_that_lead_nowhere(people: People) -> None:
    """A circle, a missing version, a name that is no reference, and no successor at all."""
    ana, ben, eva = people
    deprecate(ben, "old", 1, reason="old", successor="mid@1")
    deprecate(ben, "mid", 1, reason="old", successor="old@1")
    retire(eva, "old", 1, reason="gone")
    retire(eva, "mid", 1, reason="gone")
    with pytest.raises(NotFoundError):
        find_reference(ana, "old")
    with pytest.raises(ForbiddenError) as caught:
        authorize_launch(ana, "old@1")
    assert caught.value.hint == "Choose another version."
    for successor in ("gone@7", "new", ""):
        Version.objects.filter(environment__slug="old").update(successor=successor)
        assert redirect_of(find_version(ana, "old", 1)) == ""
    with pytest.raises(NotFoundError):
        find_reference(ana, "old")


def test_a_retired_successor_without_one_leads_to_its_environment(people: People) -> None:
    """Its name means another version by now."""
    ana, ben, eva = people
    deprecate(ben, "old", 1, reason="old", successor="mid@1")
    published(ana, ben, "mid", ["six"], {"six": "1.15.0"})
    deprecate(ben, "mid", 1, reason="old")
    retire(eva, "mid", 1, reason="gone")
    retire(eva, "old", 1, reason="gone")
    assert find_reference(ana, "old").reference == "mid@2"


def test_an_end_that_is_over_or_a_version_that_replaces_itself_is_refused(people: People) -> None:
    """Nothing has changed then."""
    ana, ben, _ = people
    with pytest.raises(InvalidInputError) as caught:
        deprecate(ben, "old", 1, reason="old", ends_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert caught.value.path == "ends"
    with pytest.raises(InvalidInputError) as caught:
        deprecate(ben, "old", 1, reason="old", successor="old@1")
    assert caught.value.path == "successor"
    assert find_version(ana, "old", 1).status == Status.PUBLISHED


def test_what_is_changed_at_the_same_moment_is_left_alone(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reviewer restores it, or moves its end, while the worker looks."""
    _, ben, _ = people
    soon = START + timedelta(days=5)
    with time_machine.travel(START, tick=False):
        deprecate(ben, "old", 1, reason="old", ends_at=soon)

    def late(*_: object, **__: object) -> None:
        raise ConflictError("changed meanwhile")

    monkeypatch.setattr(end_dates, "end_use", late)
    assert end_dates.retire_ended(soon) == 0

    def due(*_: object) -> int:
        Version.objects.filter(environment__slug="old").update(end_reminded=1)
        return 7

    monkeypatch.setattr(end_dates, "due_reminder", due)
    assert end_dates.remind(START) == 0
    assert not Event.objects.filter(name="version.ends-soon").exists()


def test_a_redirect_passes_over_what_nobody_can_launch(people: People) -> None:
    """A quarantined successor, and one whose files changed after the build."""
    ana, ben, eva = people
    deprecate(ben, "old", 1, reason="old", successor="mid@1")
    deprecate(ben, "mid", 1, reason="old", successor="new@1")
    retire(eva, "old", 1, reason="gone")
    old = find_version(ana, "old", 1)
    Lock.objects.filter(versions__environment__slug="mid").update(drift={"changed": ["six.py"]})
    assert (redirect_of(old), instead_of(ana, old)) == ("new@1", "new@1")
    Lock.objects.update(drift=None)
    Version.objects.filter(environment__slug="mid").update(health=Health.QUARANTINED)
    assert redirect_of(old) == "new@1"
    Version.objects.filter(environment__slug="new").update(health=Health.QUARANTINED)
    assert redirect_of(old) == ""


def test_a_successor_is_a_version_that_everyone_can_launch(people: People) -> None:
    """Neither a draft, nor a quarantined or a retired version."""
    ana, ben, eva = people
    draft(ben, "own")
    deprecate(ben, "mid", 1, reason="old")
    retire(eva, "mid", 1, reason="gone")
    Version.objects.filter(environment__slug="new").update(health=Health.QUARANTINED)
    for successor, word in (("own@1", "draft"), ("mid@1", "retired"), ("new@1", "quarantined")):
        with pytest.raises(InvalidInputError, match=f"{successor} is {word}; people could not launch it") as caught:
            deprecate(ben, "old", 1, reason="old", successor=successor)
        assert caught.value.path == "successor"
    assert find_version(ana, "old", 1).status == Status.PUBLISHED


def test_who_works_in_a_retired_version_reads_when_it_stops(people: People) -> None:
    """With the version to use instead, if there is one; also when an administrator retired it."""
    ana, ben, eva = people
    with time_machine.travel(START, tick=False):
        deprecate(ben, "old", 1, reason="Python 3.9 ends.", successor="new@1", ends_at=START + timedelta(days=1))
    end_dates.retire_ended(START + timedelta(days=1))
    words = (
        "old@1 is retired: Python 3.9 ends. What runs in it is stopped on 2027-01-03 09:00 UTC. Use new@1 instead."
    )
    assert notice_of(ana, find_version(ana, "old", 1)) == words
    with time_machine.travel(START, tick=False):
        deprecate(ben, "mid", 1, reason="Nobody uses it.")
        retire(eva, "mid", 1, reason="Gone.")
    words = "mid@1 is retired: Gone. What runs in it is stopped on 2027-01-02 09:00 UTC."
    assert notice_of(ana, find_version(ana, "mid", 1)) == words
    assert instead_of(ana, find_version(ana, "mid", 1)) == ""
