"""A retired version comes back: at once while its files are there, and rebuilt from its lock after that."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from support.people import outcome_of, person, published

from assay.core.errors import ConflictError, DriftError, ForbiddenError
from assay.core.lifecycle import Health, Status
from assay.core.lock import Lock as LockValue
from assay.core.roles import Actor, Role
from assay.flow.access import find_reference, find_version
from assay.flow.build import build as building
from assay.flow.build import verify
from assay.flow.build.garbage_collection import collect
from assay.flow.launch.launch import authorize_launch, notice_of
from assay.flow.maintenance import end_dates
from assay.flow.maintenance.impact import show_impact
from assay.flow.maintenance.reinstate import files_present, reinstate
from assay.flow.paths import prefix
from assay.flow.retire import change_deprecation, deprecate, quarantine, retire
from assay.flow.watch.quarantine import stop_reason
from assay.store.models import Build, Event, Verification, Version

pytestmark = pytest.mark.django_db
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; geo@1 is retired, new@1 published."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "new", ["six"], {"six": "1.17.0", "new": "1.0"})
    published(ana, ben, "geo", ["six"], {"six": "1.16.0", "geo": "1.0"})
    deprecate(ben, "geo", 1, reason="Old.", successor="new")
    change_deprecation(
        ben, "geo", 1, reason="Python ends.", ends_at=timezone.now() + timedelta(days=1), successor="new"
    )
    retire(eva, "geo", 1, reason="Nobody uses it.")
    return ana, ben, eva


def collected(version: Version) -> list[str]:
    """Let the files of a version be old, and collect garbage."""
    then = time.time() - 5 * 24 * 3600
    os.utime(prefix(version.digest), (then, then))
    return [one.name for one in collect(dry_run=False)]


def test_one_click_while_the_files_are_there(people: People) -> None:
    """It is deprecated again with its message, leads nowhere else, has no end, and its files are kept."""
    ana, ben, eva = people
    assert find_reference(ana, "geo").reference == "new@1"
    token = show_impact(eva, "geo", 1).token
    with pytest.raises(ForbiddenError):
        reinstate(ben, "geo", 1)
    version, build = reinstate(eva, "geo", 1, impact=token)
    assert build is None
    assert (version.status, version.reason, version.successor) == (Status.DEPRECATED, "Python ends.", "new@1")
    assert version.ends_at is None
    assert authorize_launch(ana, "geo").version == version
    assert notice_of(ana, version) == "geo@1 is deprecated: Python ends. Use new@1 instead."
    assert stop_reason(version) == ""
    assert end_dates.retire_ended(timezone.now() + timedelta(days=9)) == 0
    assert version.digest not in collected(version)
    event = Event.objects.get(name="version.reinstated")
    assert (event.actor, event.detail) == ("eva", {"rebuilt": False})
    with pytest.raises(ConflictError, match="To reinstate it must be retired"):
        reinstate(eva, "geo", 1)


def test_another_impact_was_shown(people: People) -> None:
    """Then it stays retired."""
    eva = people[2]
    with pytest.raises(ConflictError) as caught:
        reinstate(eva, "geo", 1, impact="0" * 32)
    assert caught.value.path == "impact"
    assert find_version(eva, "geo", 1).status == Status.RETIRED


def test_removed_files_are_built_again_and_verified(people: People) -> None:
    """Nobody launches it before a verification has found the files of the approved lock."""
    ana, _, eva = people
    version = find_version(eva, "geo", 1)
    assert files_present(version)
    assert version.digest in collected(version)
    assert not files_present(version)
    version, build = reinstate(eva, "geo", 1)
    assert build is not None
    assert (build.repair, build.requested_by_id, version.health) == (True, eva.id, Health.ATTENTION)
    assert Event.objects.get(name="version.reinstated").detail == {"rebuilt": True}
    with pytest.raises(DriftError):
        authorize_launch(ana, "geo@1")
    assert building._lock_to_install(build) == version.lock.text  # type: ignore[union-attr]  # it is built
    lock = LockValue.from_dict(version.lock.content)  # type: ignore[union-attr]  # as above
    building.store_outcome(Build.objects.get(pk=build.pk), outcome_of(lock))
    with pytest.raises(DriftError):
        authorize_launch(ana, "geo@1")
    check = Verification.objects.get()
    outcome = {"clean": True, "changed": [], "missing": [], "added": []}
    verify.store_outcome(check, outcome)
    version = find_version(ana, "geo", 1)
    assert (version.health, version.lock.drift) == (Health.OK, None)  # type: ignore[union-attr]  # as above
    assert authorize_launch(ana, "geo@1").version == version


def test_files_that_differ_from_the_approved_ones_start_nothing(people: People) -> None:
    """The verification after the rebuild compares with what was approved."""
    ana, _, eva = people
    collected(find_version(eva, "geo", 1))
    version, build = reinstate(eva, "geo", 1)
    assert build is not None
    lock = LockValue.from_dict(version.lock.content)  # type: ignore[union-attr]  # it is built
    building.store_outcome(Build.objects.get(pk=build.pk), outcome_of(lock))
    outcome = {"clean": False, "changed": ["six.py"], "missing": [], "added": []}
    verify.store_outcome(Verification.objects.get(), outcome)
    with pytest.raises(DriftError):
        authorize_launch(ana, "geo@1")


def test_a_quarantine_stays(people: People) -> None:
    """Also while its files are built again; and what was never built cannot come back."""
    ana, _, eva = people
    quarantine(eva, "geo", 1, reason="Malware.")
    collected(find_version(eva, "geo", 1))
    version, build = reinstate(eva, "geo", 1)
    assert (version.health, build is not None) == (Health.QUARANTINED, True)
    retire(eva, "geo", 1, reason="Gone.")
    Version.objects.filter(pk=version.pk).update(lock=None)
    with pytest.raises(ConflictError, match="never built"):
        reinstate(eva, "geo", 1)
    assert not files_present(find_version(ana, "geo", 1))


def test_a_version_without_events_keeps_its_reason(people: People) -> None:
    """As one from an import of old data."""
    eva = people[2]
    version = find_version(eva, "geo", 1)
    version.number = 99
    from assay.flow.maintenance.reinstate import _reason  # noqa: PLC0415 - a detail

    assert _reason(version) == "Nobody uses it."
