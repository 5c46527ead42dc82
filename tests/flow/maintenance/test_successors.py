"""Which versions are proposed to replace one, and in which order."""

from __future__ import annotations

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries
from support.people import built, draft, lock_of, person, published
from support.rollouts import PILOT

from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.compose.draft import new_version
from assay.flow.maintenance.redirects import open_to_all
from assay.flow.maintenance.successors import propose_successors
from assay.flow.retire import deprecate
from assay.flow.review import review
from assay.store.models import LibraryUse, Lock, PersonUse, Version

pytestmark = pytest.mark.django_db
NAMES = ("aa", "bb", "cc", "dd")


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def proposed(ben: Actor, slug: str, number: int = 1) -> list[str]:
    """Return the references that are proposed for a version."""
    return [one.reference for one in propose_successors(find_version(ben, slug, number))]


def test_a_newer_version_comes_first_then_what_covers_most(
    ana: Actor, ben: Actor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Then fewer moves; one that has nothing of it, and an unbuilt draft, are not proposed."""
    published(ana, ben, "geo", ["frame", "plot"], {"frame": "1.0", "plot": "1.0"})
    assert proposed(ben, "geo") == []
    published(ana, ben, "half", ["frame"], {"frame": "1.0"})
    published(ana, ben, "moved", ["frame", "plot"], {"frame": "2.0", "plot": "1.0"})
    published(ana, ben, "same", ["frame", "plot"], {"frame": "1.0", "plot": "1.0", "more": "1.0"})
    published(ana, ben, "none", ["other"], {"other": "1.0"})
    assert proposed(ben, "geo") == ["same@1", "moved@1", "half@1"]
    published(ana, ben, "geo", ["frame"], {"frame": "1.1"})
    with django_assert_max_num_queries(11):
        found = propose_successors(find_version(ben, "geo", 1))
    assert [(one.reference, one.newer, one.coverage.covers) for one in found] == [
        ("geo@2", True, 50),
        ("same@1", False, 100),
        ("moved@1", False, 100),
    ]
    assert proposed(ben, "geo", 2) == ["half@1", "same@1", "moved@1"]
    assert propose_successors(draft(ana, "own")) == []


def test_what_people_import_decides(ana: Actor, ben: Actor) -> None:
    """An environment without what nobody imports covers all of it."""
    version = published(ana, ben, "geo", ["frame", "plot"], {"frame": "1.0", "plot": "1.0", "core": "1.0"})
    published(ana, ben, "slim", ["frame"], {"frame": "1.0"})
    published(ana, ben, "plots", ["plot", "core"], {"plot": "1.0", "core": "1.0"})
    assert proposed(ben, "geo")[0] in {"slim@1", "plots@1"}
    for library in ("", "frame", "core-typo"):
        LibraryUse.objects.create(version=version, day=timezone.now().date(), library=library, sessions=2)
    found = propose_successors(find_version(ben, "geo", 1))
    assert [(one.reference, one.coverage.covers) for one in found] == [("slim@1", 100)]
    LibraryUse.objects.filter(library="frame").delete()
    assert len(proposed(ben, "geo")) == 2


def test_only_what_everyone_gets_is_proposed(ana: Actor, ben: Actor) -> None:
    """No pilot, no quarantined, drifted, deprecated or replaced version."""
    person("eve")
    published(ana, ben, "geo", ["frame"], {"frame": "1.0"})
    number = new_version(ana, "geo").number
    digest = built(ana, "geo", number, lock_of({"frame": "1.2"})).digest
    review.submit(ana, "geo", number, "", rollout=PILOT)
    review.approve(ben, "geo", number, digest=digest)
    assert proposed(ben, "geo") == []
    published(ana, ben, "two", ["frame"], {"frame": "1.3"})
    published(ana, ben, "two", ["frame", "more"], {"frame": "2.3", "more": "1.0"})
    assert proposed(ben, "geo") == ["two@2"]
    newest = Version.objects.filter(environment__slug="two", number=2)
    newest.update(health=Health.QUARANTINED)
    assert proposed(ben, "geo") == []
    newest.update(health=Health.OK)
    Lock.objects.filter(versions__in=newest).update(drift={"changed": ["x"]})
    assert proposed(ben, "geo") == []
    Lock.objects.update(drift=None)
    deprecate(ben, "two", 2, reason="old")
    assert proposed(ben, "geo") == ["two@1"]


def test_among_equals_the_one_that_more_people_use(ana: Actor, ben: Actor) -> None:
    """What nobody launches is not the first proposal."""
    published(ana, ben, "geo", ["frame"], {"frame": "1.0"})
    published(ana, ben, "idle", ["frame"], {"frame": "1.0"})
    used = published(ana, ben, "zone", ["frame"], {"frame": "1.0"})
    today = timezone.now().date()
    PersonUse.objects.create(environment=used.environment, version=used, person_id=ana.id, last_day=today)
    found = propose_successors(find_version(ben, "geo", 1))
    assert [(one.reference, one.people) for one in found] == [("zone@1", 1), ("idle@1", 0)]


pins = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1.0", "1.1", "2.0"]), min_size=1)


class TestProposals(TestCase):
    """Laws of proposals, over any workspace of a few environments."""

    @settings(max_examples=12)
    @given(st.lists(pins, min_size=1, max_size=4), pins)
    def test_proposals_are_ordered_and_can_be_launched(
        self, others: list[dict[str, str]], own: dict[str, str]
    ) -> None:
        """Never the version itself, none twice, at most three, the best first, each open to everyone."""
        ana, ben = person("ana"), person("ben", Role.REVIEWER)
        version = published(ana, ben, "geo", sorted(own), own)
        for place, one in enumerate(others):
            published(ana, ben, f"env{place}", sorted(one), one)
        found = propose_successors(find_version(ben, "geo", version.number))
        references = [one.reference for one in found]
        assert version.reference not in references
        assert len(references) == len(set(references)) <= 3
        covers = [one.coverage.covers for one in found]
        assert covers == sorted(covers, reverse=True)
        assert all(one.version.status == Status.PUBLISHED and open_to_all(one.version) for one in found)
        covering = sum(own.keys() <= one.keys() for one in others)
        assert sum(one == 100 for one in covers) == min(3, covering)
