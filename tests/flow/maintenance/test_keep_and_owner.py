"""Versions that are kept, and environments that get another owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone
from support.people import draft, person, published

from assay.core.errors import AssayError, ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.access import find_environment
from assay.flow.maintenance import ownership, review_list
from assay.flow.maintenance.keep import end_keeping, keep
from assay.flow.maintenance.ownership import give_environment, may_give, members
from assay.flow.notify import notifications
from assay.flow.retire import deprecate, retire
from assay.store.models import Environment, Event, KeptVersion, Membership, Notification, Person, Version
from assay.store.reads.ordering import Order
from assay.store.reads.review_items import ReviewFilters, review_rows

pytestmark = pytest.mark.django_db
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; geo@1 is old and listed."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    Version.objects.update(published_at=timezone.now() - timedelta(days=200))
    review_list.refresh(ana.workspace_id)
    return ana, ben, eva


def listed(actor: Actor, *, kept: bool = False) -> list[str]:
    """Return the references of the list, or of the versions that are kept."""
    return [one.reference for one in review_rows(actor, ReviewFilters(kept=kept), Order(), 9).rows]


def in_days(days: int) -> date:
    """Return a day from today."""
    return timezone.now().date() + timedelta(days=days)


def test_a_kept_version_is_not_listed_until_then(people: People) -> None:
    """By name or number; with who said so; the end is an event, too."""
    _, ben, _ = people
    assert listed(ben) == ["geo@1"]
    keep(ben, "geo", until=in_days(30), reason=" quarterly report ")
    assert (listed(ben), listed(ben, kept=True)) == ([], ["geo@1"])
    (row,) = review_rows(ben, ReviewFilters(kept=True), Order(), 9).rows
    assert row.kept is not None
    assert (row.kept.by, row.kept.reason, row.kept.until) == ("ben", "quarterly report", in_days(30))
    keep(ben, "geo@1", until=in_days(60), reason="longer")
    assert KeptVersion.objects.get().until == in_days(60)
    end_keeping(ben, "geo@1")
    assert (listed(ben), listed(ben, kept=True)) == (["geo@1"], [])
    with pytest.raises(NotFoundError):
        end_keeping(ben, "geo@1")
    events = Event.objects.filter(name__in=["version.kept", "version.keep-ended"]).order_by("sequence")
    assert [(one.name, one.number, one.detail.get("reason")) for one in events] == [
        ("version.kept", 1, "quarterly report"),
        ("version.kept", 1, "longer"),
        ("version.keep-ended", 1, None),
    ]


def test_it_is_listed_again_on_the_day(people: People) -> None:
    """The day is the first on which it is looked at again."""
    ben = people[1]
    keep(ben, "geo@1", until=in_days(1), reason="later")
    KeptVersion.objects.update(until=in_days(0))
    assert listed(ben) == ["geo@1"]


@pytest.mark.parametrize(
    ("days", "reason", "path"),
    [(0, "why", "until"), (-1, "why", "until"), (1099, "why", "until"), (5, " ", "reason")],
)
def test_what_keeping_needs(people: People, days: int, reason: str, path: str) -> None:
    """A reason, and a day in the next three years."""
    with pytest.raises(InvalidInputError) as caught:
        keep(people[1], "geo@1", until=in_days(days), reason=reason)
    assert caught.value.path == path
    assert not KeptVersion.objects.exists()


def test_who_keeps_what(people: People) -> None:
    """A reviewer, a version that is published or deprecated."""
    ana, ben, eva = people
    for act in (lambda: keep(ana, "geo@1", until=in_days(5), reason="r"), lambda: end_keeping(ana, "geo@1")):
        with pytest.raises(ForbiddenError):
            act()
    deprecate(ben, "geo", 1, reason="old")
    keep(ben, "geo@1", until=in_days(1098), reason="r")
    retire(eva, "geo", 1, reason="gone")
    with pytest.raises(ConflictError):
        keep(ben, "geo@1", until=in_days(5), reason="r")


def test_another_owner(people: People) -> None:
    """The owner gives it, or an administrator; both owners are notified, whoever acted is not."""
    ana, ben, eva = people
    person("dan")
    found = give_environment(ana, "geo", " ben ", seen="ana")
    assert found.owner.get_username() == "ben"
    event = Event.objects.get(name="environment.owner-set")
    assert (event.environment, event.number, event.detail) == ("geo", 1, {"before": "ana", "owner": "ben"})
    assert members(ana) == ["ana", "ben", "dan", "eva"]
    give_environment(eva, "geo", "dan")
    notifications.advance()
    told = Notification.objects.filter(event="environment.owner-set").order_by("pk")
    assert {(one.person.get_username(), one.text) for one in told} == {
        ("dan", "ana gave the environment of geo@1 to another owner: ben"),
        ("ben", "eva gave the environment of geo@1 to another owner: dan"),
        ("dan", "eva gave the environment of geo@1 to another owner: dan"),
    }
    assert may_give(eva, find_environment(eva, "geo"))
    assert not may_give(ben, find_environment(ben, "geo"))


def test_who_gives_what_to_whom(people: People) -> None:
    """Nothing has changed then."""
    ana, ben, eva = people
    draft(ana, "new", "attrs")
    inactive = person("old")
    Person.objects.filter(pk=inactive.id).update(is_active=False)
    Membership.objects.filter(person_id=person("away").id).delete()
    viewer = person("vic", Role.VIEWER)
    Environment.objects.filter(slug="geo").update(owner_id=viewer.id)
    refused: list[tuple[Callable[[], object], type[AssayError]]] = [
        (lambda: give_environment(ben, "geo", "ben"), ForbiddenError),
        (lambda: give_environment(viewer, "geo", "ben"), ForbiddenError),
        (lambda: give_environment(ana, "new", "ben"), ConflictError),
        (lambda: give_environment(ben, "new", "ben"), NotFoundError),
        (lambda: give_environment(eva, "geo", "old"), NotFoundError),
        (lambda: give_environment(eva, "geo", "away"), NotFoundError),
        (lambda: give_environment(eva, "geo", "vic"), ConflictError),
        (lambda: give_environment(eva, "geo", "ben", seen="ana"), ConflictError),
    ]
    for act, error in refused:
        with pytest.raises(error):
            act()
    assert find_environment(eva, "geo").owner_id == viewer.id


def test_two_at_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused: it decided on another owner."""
    _, ben, eva = people

    def meanwhile(actor: Actor, name: str) -> Person:
        assert actor == eva
        Environment.objects.update(owner_id=eva.id)
        return Person.objects.get(username=name)

    monkeypatch.setattr(ownership, "find_member", meanwhile)
    with pytest.raises(ConflictError, match="meanwhile"):
        give_environment(eva, "geo", ben.name)
    assert not Event.objects.filter(name="environment.owner-set").exists()
