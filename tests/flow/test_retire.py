"""The end of a version's life: who may do what to whom, and what stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from support.people import person, published, quarantined_by_rule

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.maintenance.impact import show_impact
from assay.flow.retire import deprecate, quarantine, release, restore, retire
from assay.flow.watch.quarantine import ends_at
from assay.store.models import Event, Server, Version

pytestmark = pytest.mark.django_db
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; geo@1 and geo@2 are published."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    return ana, ben, eva


def last(name: str) -> dict[str, object]:
    """Return the details of the newest event of a kind."""
    event = Event.objects.filter(name=name).order_by("-sequence").first()
    assert event is not None
    return event.detail


def test_a_deprecated_version_names_its_successor_and_can_be_restored(people: People) -> None:
    """The successor is written as a version, also when only an environment was named."""
    _, ben, _ = people
    ends = datetime(2030, 1, 1, tzinfo=UTC)
    found = deprecate(ben, "geo", 1, reason=" too old ", successor="geo", ends_at=ends)
    assert (found.status, found.reason, found.successor, found.ends_at) == ("deprecated", "too old", "geo@2", ends)
    assert last("version.deprecated") == {
        "reason": "too old",
        "successor": "geo@2",
        "ends_on": "2030-01-01",
    }
    back = restore(ben, "geo", 1)
    assert (back.status, back.reason, back.successor, back.ends_at) == (Status.PUBLISHED, "", "", None)
    assert Event.objects.filter(name="version.restored").count() == 1


def test_a_successor_must_be_there(people: People) -> None:
    """Then nothing has changed."""
    _, ben, _ = people
    with pytest.raises(NotFoundError):
        deprecate(ben, "geo", 1, reason="old", successor="geo@9")
    with pytest.raises(InvalidInputError) as caught:
        deprecate(ben, "geo", 1, reason="old", successor="Geo")
    assert caught.value.path == "successor"
    assert find_version(ben, "geo", 1).status == Status.PUBLISHED


def test_what_is_in_use_is_retired_only_by_force(people: People) -> None:
    """The refusal counts what runs; the event says how much ran."""
    ana, ben, eva = people
    version = deprecate(ben, "geo", 1, reason="old")
    for number, words in ((1, "1 server or run uses it now"), (2, "2 servers and runs use it now")):
        start(ana, version, number)
        with pytest.raises(ConflictError, match=words):
            retire(eva, "geo", 1, reason="gone")
    assert show_impact(eva, "geo", 1).running.servers == 2
    assert retire(eva, "geo", 1, reason="gone", force=True).status == Status.RETIRED
    retired = last("version.retired")
    assert (retired["reason"], retired["running"], retired["successor"]) == ("gone", 2, "")


def start(actor: Actor, version: Version, number: int) -> None:
    """Let a server run in a version."""
    Server.objects.create(
        id=f"s{number}",
        workspace=version.environment.workspace,
        person_id=actor.id,
        version=version,
        digest=version.digest,
        state="ready",
        created_at=timezone.now(),
    )


def test_only_administrators_end_versions(people: People) -> None:
    """A reviewer sees the impact, a member does not."""
    ana, ben, _ = people
    assert show_impact(ben, "geo", 1).people == ()
    with pytest.raises(ForbiddenError):
        show_impact(ana, "geo", 1)
    deprecate(ben, "geo", 1, reason="old")
    for act in (
        lambda: retire(ben, "geo", 1, reason="r"),
        lambda: quarantine(ben, "geo", 1, reason="r"),
        lambda: release(ben, "geo", 1, reason="r"),
    ):
        with pytest.raises(ForbiddenError):
            act()


def test_a_quarantine_and_its_end_need_a_reason(people: People) -> None:
    """What is not quarantined cannot be released."""
    _, _, eva = people
    with pytest.raises(ConflictError, match="its health is ok"):
        release(eva, "geo", 1, reason="fine")
    with pytest.raises(InvalidInputError) as caught:
        quarantine(eva, "geo", 1, reason=" ")
    assert caught.value.path == "reason"
    assert quarantine(eva, "geo", 1, reason=" malware ").health == Health.QUARANTINED
    with pytest.raises(InvalidInputError) as caught:
        release(eva, "geo", 1, reason=" ")
    assert caught.value.path == "reason"
    assert last("version.quarantined")["reason"] == "malware"
    assert release(eva, "geo", 1, reason="checked").health == Health.OK


def test_a_quarantine_is_not_replaced_by_another(people: People) -> None:
    """The end that a rule has set for what runs stays."""
    eva = people[2]
    ends = timezone.now() + timedelta(days=3)
    quarantined_by_rule(Version.objects.get(number=1), ends)
    with pytest.raises(ConflictError, match="quarantined already"):
        quarantine(eva, "geo", 1, reason="me too")
    assert ends_at(find_version(eva, "geo", 1)) == ends
