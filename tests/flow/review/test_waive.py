"""Waivers: what can be waived, several at once, and their end before their day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from support.people import built, draft, lock_of, person

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny
from assay.core.policy.policy import Policy
from assay.core.roles import Actor, Role
from assay.flow.assess.assess import verdict
from assay.flow.assess.policy import revise
from assay.flow.review.review import submit
from assay.flow.review.waive import LONGEST, end_waiver, record_expiring_waivers, restore_waiver, waive, waive_all
from assay.store.models import Event, Version, Waiver, WorkspaceAssessment

pytestmark = pytest.mark.django_db
RULES = (
    Deny(library="six", effect=Effect.BLOCK),
    Deny(library="idna", effect=Effect.BLOCK),
    Deny(library="attrs", effect=Effect.NOTE),
)


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer, for whom geo@1 waits; two findings stop it, one is a note."""
    revise(person("eva", Role.ADMIN), Policy(rules=RULES), seen=0)
    ana = person("ana")
    draft(ana, "geo", "six")
    built(ana, "geo", lock=lock_of({"six": "1", "idna": "1", "attrs": "1"}))
    submit(ana, "geo", 1, "please")
    return person("ben", Role.REVIEWER)


def blocking() -> list[str]:
    """Return the libraries that stop geo@1 now."""
    return sorted(one.library for one in verdict(Version.objects.get()).blocking)


def ids(*libraries: str) -> list[str]:
    """Return the findings about libraries."""
    return [one.id for one in verdict(Version.objects.get()).findings if one.library in libraries]


def test_several_are_waived_for_one_reason_or_none_is(ben: Actor) -> None:
    """One that is not there voids all; choosing nothing is an error."""
    with pytest.raises(NotFoundError):
        waive_all(ben, "geo", 1, findings=[*ids("six"), "0" * 16], reason="r")
    with pytest.raises(InvalidInputError, match="No finding is selected"):
        waive_all(ben, "geo", 1, findings=[], reason="r")
    assert (blocking(), Waiver.objects.count()) == (["idna", "six"], 0)
    made = waive_all(ben, "geo", 1, findings=ids("six", "idna"), reason=" known ")
    assert {one.reason for one in made} == {"known"}
    assert blocking() == []


def test_a_note_needs_no_waiver(ben: Actor) -> None:
    """It stops nothing."""
    with pytest.raises(ConflictError, match="A note needs no waiver"):
        waive(ben, "geo", 1, finding=ids("attrs")[0], reason="r")


def test_a_finding_is_named_by_its_key_too(ben: Actor) -> None:
    """The key is what stays the same over versions."""
    key = next(one.key for one in verdict(Version.objects.get()).findings if one.library == "six")
    assert waive(ben, "geo", 1, finding=key, reason="r").key == key
    assert blocking() == ["idna"]


def test_the_longest_waiver_and_a_second_more(ben: Actor) -> None:
    """What is accepted for ever is a rule to change."""
    (six,) = ids("six")
    with pytest.raises(InvalidInputError) as caught:
        waive(ben, "geo", 1, finding=six, reason="r", until=timezone.now() + LONGEST + timedelta(seconds=60))
    assert caught.value.path == "until"
    until = timezone.now() + LONGEST
    assert waive(ben, "geo", 1, finding=six, reason="r", until=until).until == until
    assert Event.objects.get(name=EventName.FINDING_WAIVED).detail["until"] == until.isoformat()


def test_a_waiver_can_be_ended_once_and_its_fact_counts_again(ben: Actor) -> None:
    """By a reviewer of the same workspace; the watch looks at everything again."""
    made = waive(ben, "geo", 1, finding=ids("six")[0], reason="r")
    now = timezone.now()
    WorkspaceAssessment.objects.create(workspace_id=ben.workspace_id, policy=1, feed=None, day=now.date(), at=now)
    with pytest.raises(ForbiddenError):
        end_waiver(person("cleo"), made.pk)
    for actor, number in ((person("olga", Role.ADMIN, "other"), made.pk), (ben, made.pk + 1)):
        with pytest.raises(NotFoundError, match="no such waiver"):
            end_waiver(actor, number)
    assert blocking() == ["idna"]
    ended = end_waiver(ben, made.pk)
    assert ended.until is not None
    assert now <= ended.until <= timezone.now()
    assert blocking() == ["idna", "six"]
    assert not WorkspaceAssessment.objects.exists()
    event = Event.objects.get(name=EventName.WAIVER_ENDED)
    assert (event.actor, event.detail["finding"]) == ("ben", made.key)
    with pytest.raises(ConflictError, match="ended already"):
        end_waiver(ben, made.pk)


def test_a_waiver_that_ends_soon_is_recorded_once(ben: Actor) -> None:
    """A week before; not one that holds longer, has ended, or has no end."""
    now = timezone.now()
    for library, until in (("six", now + timedelta(days=6)), ("idna", now + timedelta(days=8))):
        waive(ben, "geo", 1, finding=ids(library)[0], reason="r", until=until)
    assert record_expiring_waivers() == 1
    assert record_expiring_waivers() == 0
    event = Event.objects.get(name=EventName.WAIVER_EXPIRES)
    assert event.detail["words"].endswith(f"(until {now + timedelta(days=6):%Y-%m-%d})")


def test_two_workers_record_an_end_once(ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one finds it recorded."""
    made = waive(ben, "geo", 1, finding=ids("six")[0], reason="r", until=timezone.now() + timedelta(days=1))
    rows = Waiver.objects.filter(pk=made.pk).select_related("version__environment")
    stale = list(rows)
    assert record_expiring_waivers() == 1
    monkeypatch.setattr(type(rows), "__iter__", lambda _: iter(stale))
    Waiver.objects.update(expiry_notified_at=timezone.now())
    assert record_expiring_waivers() == 0


def test_an_ended_waiver_is_restored_for_its_reason(ben: Actor) -> None:
    """With its expiry; an active or unknown one cannot be restored."""
    until = timezone.now() + timedelta(days=5)
    waiver = waive(ben, "geo", 1, finding=ids("six")[0], reason="known", until=until)
    with pytest.raises(ConflictError, match="active"):
        restore_waiver(ben, waiver.pk, until=until)
    end_waiver(ben, waiver.pk)
    assert blocking() == ["idna", "six"]
    restored = restore_waiver(ben, waiver.pk, until=until)
    assert (restored.reason, restored.until) == ("known", until)
    assert blocking() == ["idna"]
    with pytest.raises(NotFoundError):
        restore_waiver(ben, 999, until=None)
