"""Projects whose version is deprecated or retired: their pages say so and offer the trial run in the successor."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries
from support.people import person, published, visitor
from support.rollouts import project

from assay.core.roles import Actor, Role
from assay.flow.retire import deprecate, retire
from assay.runtimes.upgrade import replaced_versions
from assay.store.models import Runtime

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return the owner of projects by name and by number; geo@1 is deprecated for new@1, old@1 retired."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    for number, slug in enumerate(("new", "geo", "old", "sole")):
        published(ana, ben, slug, ["six"], {"six": f"1.1{number}.0"})
    for slug, environment in (("by-name", "geo"), ("pinned", "geo@1"), ("gone", "old@1"), ("alone", "sole@1")):
        project(ana, slug, environment)
    project(ana, "board", "geo@1", kind="app")
    project(ana, "fine", "new@1")
    deprecate(ben, "geo", 1, reason="Python ends.", successor="new")
    deprecate(ben, "old", 1, reason="Old", successor="geo@1")
    retire(eva, "old", 1, reason="Nobody uses it")
    deprecate(ben, "sole", 1, reason="Unused")
    return ana


def test_they_name_the_version_to_change_to(ana: Actor, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Along successors; '' where there is none; in few queries for all."""
    runtimes = list(Runtime.objects.all())
    with django_assert_num_queries(2):
        everything = replaced_versions(runtimes)
    slugs = {one.pk: one.slug for one in runtimes}
    gone = next(one.pk for one in runtimes if one.slug == "gone")
    assert everything[gone][0] == "old@1 is retired and cannot run: Nobody uses it. Use geo@1 instead."
    assert {slugs[pk]: instead for pk, (_, instead) in everything.items()} == {
        "by-name": "new@1",
        "pinned": "new@1",
        "board": "new@1",
        "gone": "geo@1",
        "alone": "",
    }
    assert ana.name == "ana"


def test_their_pages_offer_the_trial_run(ana: Actor) -> None:
    """With one click; an app shows its changes; who runs a shared project reads the notice."""
    client = visitor(ana)
    text = client.get("/runtimes/scripts/pinned/").content.decode()
    assert "geo@1 is deprecated: Python ends. Use new@1 instead." in text
    link = '<a href="/runtimes/scripts/pinned/upgrade?to=new@1">View changes and run a trial in new@1</a>'
    assert link in text
    assert client.get("/runtimes/scripts/pinned/upgrade?to=new@1").status_code == 200
    assert "View changes in new@1" in client.get("/runtimes/scripts/board/").content.decode()
    alone = client.get("/runtimes/scripts/alone/").content.decode()
    assert "sole@1 is deprecated: Unused" in alone
    assert "upgrade?to=" not in alone
    listed = client.get("/runtimes/").content.decode()
    assert "Change to new@1" in listed
    assert "old@1 is retired and cannot run" in listed
    Runtime.objects.filter(slug="pinned").update(shared=True)
    shared = visitor(person("zoe")).get("/runtimes/scripts/pinned/").content.decode()
    assert "ana can change the version of this project." in shared
