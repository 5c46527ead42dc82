"""What a workspace knows of libraries: approved ever, accepted here, held elsewhere, waiting elsewhere."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.people import built, changed, draft, lock_of, person, published, spec_input

from assay.core.policy.policy import Policy
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.assess.policy import revise
from assay.flow.compose.draft import edit_spec, new_version
from assay.flow.retire import deprecate, retire
from assay.flow.review import review
from assay.store.reads.known_libraries import KnownLibrary, known_libraries

pytestmark = pytest.mark.django_db
PINS = {"six": "1.16.0", "idna": "2.8"}
NEXT = {"six": "1.17.0", "idna": "2.8", "rich": "13.0"}
UNKNOWN = KnownLibrary(approved=False, accepted="", held="", waiting="")


@pytest.fixture
def people() -> tuple[Actor, Actor]:
    """Return ana and ben: `geo@1` is published, `geo@2` waits."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], PINS)
    new_version(ana, "geo")
    edit_spec(ana, "geo", 2, spec_input("six", "rich"))
    built(ana, "geo", 2, lock_of(NEXT))
    review.submit(ana, "geo", 2, "with rich")
    return ana, ben


def known(actor: Actor, *names: str) -> dict[str, KnownLibrary]:
    """Return what is known of libraries of geo@2."""
    return known_libraries(actor, find_version(actor, "geo", 2), list(names))


def test_each_question_has_its_answer(people: tuple[Actor, Actor]) -> None:
    """Same file: accepted; another version here: approved; elsewhere: held; nowhere: new. One query."""
    ana, ben = people
    published(ana, ben, "web", ["six"], {"six": "1.15.0"})
    with CaptureQueriesContext(connection) as seen:
        found = known(ben, "six", "idna", "rich", "absent")
    assert len(seen) == 2  # the version, and this one
    assert found == {
        "six": KnownLibrary(approved=True, accepted="", held="web@1 1.15.0", waiting=""),
        "idna": KnownLibrary(approved=True, accepted="geo@1", held="", waiting=""),
        "rich": UNKNOWN,
    }


def test_another_submission_is_named_to_who_may_see_it(people: tuple[Actor, Actor]) -> None:
    """The oldest one; its author sees their own, other members none."""
    ana, ben = people
    eve = person("eve")
    for slug, actor in (("more", eve), ("later", eve)):
        draft(actor, slug, "rich")
        built(actor, slug, lock=lock_of({"rich": "13.1", slug: "1"}))
        review.submit(actor, slug, 1, "")
    assert known(ben, "rich")["rich"].waiting == "more@1"
    assert known(ana, "rich")["rich"].waiting == ""


def test_what_was_approved_once_is_not_new(people: tuple[Actor, Actor]) -> None:
    """Also when the version is retired since; it is held nowhere then."""
    ana, ben = people
    root = person("root", Role.ADMIN)
    published(ana, ben, "old", ["rich"], {"rich": "12.0"})
    deprecate(root, "old", 1, reason="old")
    retire(root, "old", 1, reason="old")
    assert known(ben, "rich")["rich"] == KnownLibrary(approved=True, accepted="", held="", waiting="")


def test_drafts_other_workspaces_and_other_policies_do_not_count(people: tuple[Actor, Actor]) -> None:
    """A draft approves nothing; another workspace knows nothing of this one; another policy wants another look."""
    ana, ben = people
    draft(ana, "try", "rich")
    built(ana, "try", lock=lock_of({"rich": "13.0"}))
    far, away = person("far", workspace="other"), person("away", Role.REVIEWER, "other")
    published(far, away, "far", ["rich"], {"rich": "13.0"})
    assert known(ben, "rich")["rich"] == UNKNOWN
    revise(person("root", Role.ADMIN), Policy(rules=()), seen=0)
    assert known(ben, "idna")["idna"] == KnownLibrary(approved=True, accepted="", held="", waiting="")


def test_another_file_is_not_accepted(people: tuple[Actor, Actor]) -> None:
    """The same name and another version was approved, but not this file."""
    ana, ben = people
    review.reject(ben, "geo", 2, feedback="another idna")
    built(ana, "geo", 2, changed(lock_of(NEXT), "idna", "2.9"))
    review.submit(ana, "geo", 2, "here")
    assert known(ben, "idna")["idna"].accepted == ""
