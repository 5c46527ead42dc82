"""Launches: what a person is told on the way, and what is recorded of each use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from support.people import built, draft, person, published

from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.launch.launch import authorize_launch, end_launch, instead_of, notice_of, record_launch, record_pull
from assay.flow.retire import deprecate
from assay.store.models import Launch

pytestmark = pytest.mark.django_db
People = tuple[Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member and a reviewer; geo@1 and geo@2 are published."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    return ana, ben


def test_who_starts_an_old_version_is_told_of_the_newer_one(people: People) -> None:
    """A newest version and a draft need no notice."""
    ana, _ = people
    assert authorize_launch(ana, "geo@1").notice == "A newer version is active: geo@2."
    newest = authorize_launch(ana, "geo")
    assert (newest.version.reference, newest.notice, newest.personal) == ("geo@2", "", False)
    draft(ana, "mine")
    built(ana, "mine")
    mine = authorize_launch(ana, "mine@1")
    assert (mine.notice, mine.personal, instead_of(ana, mine.version)) == ("", True, "")


def test_a_deprecated_version_says_why_and_what_instead(people: People) -> None:
    """Its successor when there is one, else the newest version of its environment."""
    ana, ben = people
    deprecate(ben, "geo", 1, reason="It is slow.", successor="geo@2")
    told = find_version(ana, "geo", 1)
    assert (notice_of(ana, told), instead_of(ana, told)) == (
        "geo@1 is deprecated: It is slow. Use geo@2 instead.",
        "geo@2",
    )
    deprecate(ben, "geo", 2, reason="It is wrong.")
    alone = find_version(ana, "geo", 2)
    assert (notice_of(ana, alone), instead_of(ana, alone)) == ("geo@2 is deprecated: It is wrong.", "")


def test_a_use_is_recorded_from_its_start_to_its_end(people: People) -> None:
    """Only the open use of that kind and thing ends."""
    ana, _ = people
    permission = authorize_launch(ana, "geo@1")
    for kind, thing in (("server", "a"), ("server", "b"), ("run", "a")):
        record_launch(permission, ana, kind=kind, target_id=thing)
    end_launch("server", "a")
    ended = Launch.objects.exclude(ended_at=None).get()
    assert (ended.kind, ended.target_id, ended.digest, ended.version.reference) == (
        "server",
        "a",
        permission.digest,
        "geo@1",
    )
    before = ended.ended_at
    end_launch("server", "a")
    ended.refresh_from_db()
    assert ended.ended_at == before


def test_taking_a_lock_along_counts_once_an_hour(people: People) -> None:
    """For each person and version, and only of what is published."""
    ana, ben = people
    version = find_version(ana, "geo", 1)
    for actor in (ana, ana, ben):
        record_pull(actor, version)
    assert Launch.objects.filter(kind="pull").count() == 2
    Launch.objects.update(started_at=timezone.now() - timedelta(hours=1, seconds=1))
    record_pull(ana, version)
    assert Launch.objects.filter(kind="pull", person_id=ana.id).count() == 2
    draft(ana, "mine")
    record_pull(ana, built(ana, "mine"))
    assert Launch.objects.filter(kind="pull").count() == 3
