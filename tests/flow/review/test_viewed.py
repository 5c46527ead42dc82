"""Viewed marks: what a reviewer has looked at, bound to the file that was there."""

from __future__ import annotations

import pytest
from support.people import built, draft, person

from assay.core.errors import InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.review.review import mark_viewed, submit
from assay.store.models import ViewedLibrary

pytestmark = pytest.mark.django_db
ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer, for whom geo@1 waits."""
    ana = person("ana")
    draft(ana, "geo")
    built(ana, "geo")
    submit(ana, "geo", 1, "")
    return person("ben", Role.REVIEWER)


def marks(actor: Actor) -> list[str]:
    """Return a person's marks."""
    return list(ViewedLibrary.objects.filter(person_id=actor.id).values_list("fingerprint", flat=True))


def test_a_mark_is_kept_replaced_and_removed_for_each_person(ben: Actor) -> None:
    """Another file takes the place of the first; what another person saw stays."""
    bob = person("bob", Role.REVIEWER)
    mark_viewed(bob, "geo", 1, library="six", mark=ONE, viewed=True)
    for mark in (ONE, OTHER):
        mark_viewed(ben, "geo", 1, library="six", mark=mark, viewed=True)
        assert marks(ben) == [mark]
    for _ in range(2):
        mark_viewed(ben, "geo", 1, library="six", mark=OTHER, viewed=False)
        assert marks(ben) == []
    assert marks(bob) == [ONE]


def test_a_mark_is_of_a_library_and_a_version_that_are_there(ben: Actor) -> None:
    """And looks like a mark."""
    with pytest.raises(InvalidInputError):
        mark_viewed(ben, "geo", 1, library="six", mark="x", viewed=True)
    with pytest.raises(NotFoundError, match="no such library"):
        mark_viewed(ben, "geo", 1, library="nothing", mark=ONE, viewed=True)
    with pytest.raises(NotFoundError):
        mark_viewed(person("cleo"), "geo", 1, library="six", mark=ONE, viewed=True)
    assert marks(ben) == []
