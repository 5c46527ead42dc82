"""Approvals that expire: the task of their owner, what changed since, and their renewal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from support.people import lock_of, person, published

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.policy.findings import Effect, Finding
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.assess.assess import Verdict
from assay.flow.launch.launch import authorize_launch, notice_of
from assay.flow.maintenance import renewal
from assay.flow.maintenance.approval_end import approval_end
from assay.flow.maintenance.renewal import changes_since_approval, remind_of_approvals, renew
from assay.flow.notify import notifications
from assay.flow.people import set_workspace
from assay.flow.retire import deprecate
from assay.jobs import periodic
from assay.store.models import (
    Environment,
    Event,
    HealthIssue,
    LockedFile,
    Notification,
    PeriodicTask,
    ProjectFacts,
    Renewal,
    Version,
    Workspace,
)

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
People = tuple[Actor, Actor, Actor]
PROJECT = {
    "newest": "2.0",
    "newest_at": "",
    "status": "active",
    "status_reason": "",
    "yanked": {},
    "attested": [],
}


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    """Stop the time, and let a test move it."""
    with time_machine.travel(START, tick=False) as found:
        yield found


@pytest.fixture
def people(clock: time_machine.Coordinates) -> People:
    """Return a member, a reviewer and an administrator; approvals are good for a year, with tag gpu for 90 days."""
    del clock
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "gpu", ["torch"], {"torch": "1.0"})
    Environment.objects.filter(slug="gpu").update(tags=["gpu"])
    set_workspace("default", {"approval_days": 365, "approval_days_by_tag": {"gpu": 90}})
    return ana, ben, eva


def reminders() -> list[tuple[str, str]]:
    """Return (environment, words) of the reminders so far."""
    events = Event.objects.filter(name="version.approval-expires").order_by("sequence")
    assert {one.actor for one in events} <= {"assay"}
    return [(one.environment, one.detail["words"]) for one in events]


def test_two_years_of_approvals(people: People, clock: time_machine.Coordinates) -> None:
    """Each end is announced once, 30 days before; a renewal begins a new period."""
    ana, ben, _ = people
    for day in range(0, 690, 5):
        clock.move_to(START + timedelta(days=day))
        remind_of_approvals()
        end = approval_end(find_version(ana, "geo", 1))
        assert end is not None
        if end.expired:
            renew(ben, "geo", 1, reason="still good")
    assert reminders() == [
        ("gpu", "approval expires in 30 days, on 2026-04-01"),
        ("geo", "approval expires in 30 days, on 2027-01-01"),
    ]
    assert [one.at.date() for one in Renewal.objects.all()] == [date(2027, 1, 1)]
    clock.move_to(START + timedelta(days=365 + 345))
    assert remind_of_approvals() == 1
    assert reminders()[2:] == [("geo", "approval expires in 20 days, on 2028-01-01")]


def test_the_owner_gets_a_task(people: People, clock: time_machine.Coordinates) -> None:
    """Reviewers do not: the versions whose owner did nothing come to the review list."""
    del people
    clock.move_to(START + timedelta(days=340))
    assert remind_of_approvals() == 2
    assert remind_of_approvals() == 0
    notifications.advance()
    told = Notification.objects.filter(event="version.approval-expires")
    assert {(one.person.get_username(), one.text) for one in told} == {
        ("ana", "The approval of geo@1 needs renewing: approval expires in 25 days, on 2027-01-01"),
        ("ana", "The approval of gpu@1 needs renewing: approval expired 250 days ago, on 2026-04-01"),
    }


def test_only_the_newest_version_is_announced(people: People, clock: time_machine.Coordinates) -> None:
    """Neither an older one nor a deprecated one needs renewing."""
    ana, ben, _ = people
    deprecate(ben, "gpu", 1, reason="old")
    clock.move_to(START + timedelta(days=100))
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    clock.move_to(START + timedelta(days=400))
    assert remind_of_approvals() == 0
    Workspace.objects.update(approval_validity={})
    clock.move_to(START + timedelta(days=900))
    assert remind_of_approvals() == 0


def test_another_validity_is_another_end(people: People, clock: time_machine.Coordinates) -> None:
    """It is announced again; the worker looks once a day."""
    del people
    clock.move_to(START + timedelta(days=340))
    periodic.advance()
    assert reminders() == []
    PeriodicTask.objects.update(last_run_at=START)
    periodic.advance()
    assert len(reminders()) == 2
    set_workspace("default", {"approval_days": 350})
    assert remind_of_approvals() == 1
    assert reminders()[-1] == ("geo", "approval expires in 10 days, on 2026-12-17")


def test_a_renewal_is_bound_to_what_was_seen(people: People, clock: time_machine.Coordinates) -> None:
    """The digest, and the warnings; the event says by whom and why."""
    _, ben, _ = people
    version = find_version(ben, "geo", 1)
    clock.move_to(START + timedelta(days=400))
    with pytest.raises(ConflictError, match="You decided on lock"):
        renew(ben, "geo", 1, reason="good", digest="0" * 64)
    found = renew(ben, "geo", 1, reason=" still good ", digest=version.digest, seen=[])
    assert found.renewed_at == START + timedelta(days=400)
    assert found.revision == version.revision + 1
    row, event = Renewal.objects.get(), Event.objects.get(name="version.renewed")
    assert (row.digest, row.reason, row.by_id) == (version.digest, "still good", ben.id)
    assert (event.actor, event.detail["reason"], event.detail["self_approved"]) == ("ben", "still good", False)
    end = approval_end(found)
    assert end is not None
    assert end.words == "approval expires in 365 days"


def finding(effect: Effect) -> Finding:
    """Return a finding of six."""
    return Finding(
        kind="deny",
        effect=effect,
        library="six",
        version="1.16.0",
        key=f"six-{effect}",
        words="six is old",
        advice="-",
        rule="deny six",
    )


@pytest.mark.parametrize(
    ("effect", "seen", "message"),
    [
        (Effect.BLOCK, None, "1 blocking finding without a waiver"),
        (Effect.WARN, [], "1 new warning since you opened the page"),
        (Effect.WARN, None, ""),
        (Effect.NOTE, [], ""),
    ],
)
def test_findings_stand_against_a_renewal(
    people: People, monkeypatch: pytest.MonkeyPatch, effect: Effect, seen: list[str] | None, message: str
) -> None:
    """As they do against an approval: what blocks needs a waiver, a warning must have been shown."""
    found = Verdict(findings=(finding(effect),), waivers=(), policy=0, feed=None, at=START)
    monkeypatch.setattr(renewal, "verdict", {find_version(people[1], "geo", 1): found}.get)
    if not message:
        assert renew(people[1], "geo", 1, reason="good", seen=seen).renewed_at == START
        return
    with pytest.raises(ConflictError, match=message):
        renew(people[1], "geo", 1, reason="good", seen=seen)
    assert not Renewal.objects.exists()


def test_who_renews(people: People) -> None:
    """Not the author alone, unless the workspace lets authors approve their own versions."""
    ana, ben, eva = people
    published(eva, ben, "own", ["attrs"], {"attrs": "1.0"})
    for actor, slug in ((ana, "geo"), (eva, "own")):
        with pytest.raises(ForbiddenError):
            renew(actor, slug, 1, reason="good")
    with pytest.raises(InvalidInputError):
        renew(ben, "geo", 1, reason=" ")
    with pytest.raises(NotFoundError):
        renew(ben, "none", 1, reason="good")
    Workspace.objects.update(self_approval=True)
    renew(eva, "own", 1, reason="good")
    assert Event.objects.get(name="version.renewed").detail["self_approved"]


def test_what_changed_since(people: People, clock: time_machine.Coordinates) -> None:
    """New findings, newer releases with their licences where a build has seen them, ended projects, use."""
    ana, ben, _ = people
    version = find_version(ben, "geo", 1)
    ProjectFacts.objects.create(name="six", document=PROJECT, fetched_at=START)
    for number, licence in (("1.16.0", "MIT"), ("2.0", "BUSL-1.1"), ("2.1", "")):
        LockedFile.objects.update_or_create(
            key=f"six-{number}", defaults={"name": "six", "version": number, "wheel": True, "licence": licence}
        )
    HealthIssue.objects.create(version=version, findings=[finding(Effect.WARN).to_dict()], opened_at=START)
    clock.move_to(START + timedelta(days=350))
    renew(ben, "geo", 1, reason="good")
    clock.move_to(START + timedelta(days=360))
    shown, found = changes_since_approval(ben, "geo", 1)
    assert shown == version
    assert found.approved_at == START + timedelta(days=350)
    assert [one.words for one in found.new] == ["six is old"]
    (library,) = found.libraries
    assert (library.newest, library.licences, found.indexed) == ("2.0", ("MIT", "BUSL-1.1"), 1)
    assert (found.python_ends, found.impact.people) == (date(2027, 10, 31), ())
    assert [one.reason for one in found.renewals] == ["good"]
    assert found.end is not None
    assert not found.end.due
    assert not found.python_ended
    clock.move_to(START + timedelta(days=900))
    assert found.python_ended
    clock.move_to(START + timedelta(days=360))
    _, other = changes_since_approval(ana, "gpu", 1)
    assert (other.new, other.libraries, other.indexed) == ((), (), 0)
    deprecate(ben, "gpu", 1, reason="old")
    with pytest.raises(ConflictError):
        changes_since_approval(ana, "gpu", 1)
    assert approval_end(find_version(ana, "gpu", 1)) is None


def test_an_expired_approval_goes_on_unless_it_is_refused(people: People, clock: time_machine.Coordinates) -> None:
    """People are told where they start it; a workspace may refuse new launches."""
    ana, ben, _ = people
    authorize_launch(ana, "geo")
    clock.move_to(START + timedelta(days=368))
    assert authorize_launch(ana, "geo").notice == "The approval of geo@1 expired 3 days ago."
    set_workspace("default", {"approval_refuse": True})
    with pytest.raises(ForbiddenError, match="approval expired 3 days ago"):
        authorize_launch(ana, "geo")
    renew(ben, "geo", 1, reason="good")
    assert authorize_launch(ana, "geo").notice == ""
    clock.move_to(START + timedelta(days=368 + 340))
    assert notice_of(ana, find_version(ana, "geo", 1)) == ""
    assert lock_of({"six": "1.16.0"}).digest == find_version(ana, "geo", 1).digest


def test_the_settings_of_a_workspace(people: People) -> None:
    """Each by itself; wrong ones change nothing."""
    del people
    shown = set_workspace("default", {})
    assert (shown["approval_days"], shown["approval_days_by_tag"], shown["approval_refuse"]) == (
        365,
        {"gpu": 90},
        False,
    )
    with pytest.raises(InvalidInputError):
        set_workspace("default", {"approval_days": -1})
    with pytest.raises(InvalidInputError):
        set_workspace("default", {"approval_days_by_tag": {"gpu": 0}})
    assert set_workspace("default", {"approval_days": 10})["approval_days_by_tag"] == {"gpu": 90}
    event = Event.objects.filter(name="workspace.set").order_by("sequence").last()
    assert event is not None
    assert event.detail == {"approval_days": 10}
    assert Version.objects.count() == 2
