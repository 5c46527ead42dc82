"""Approvals in a workspace: several people, groups, and changes that need nobody."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from support.feed import record, write_feed
from support.people import built, draft, lock_of, person, published, visitor

from assay.core.errors import AssayError, ConflictError, ForbiddenError, NotFoundError
from assay.core.lifecycle import Status
from assay.core.review.approval import ApprovalRules
from assay.core.roles import Actor, Role
from assay.flow.access import actor_in, find_version
from assay.flow.compose.draft import new_version
from assay.flow.people import change_role
from assay.flow.review import review
from assay.flow.review.approval import approval_progress_of, set_approval, set_groups
from assay.flow.watch.advisories import load_feed
from assay.store.models import Decision, Event, Person, Version, Workspace

pytestmark = pytest.mark.django_db
PINS = {"six": "1.16.0"}


@pytest.fixture
def ana() -> Actor:
    """Return a member with geo@1, which waits."""
    ana = person("ana")
    draft(ana, "geo", "six")
    built(ana, "geo", lock=lock_of(PINS))
    review.submit(ana, "geo", 1, "please")
    return ana


def admin() -> Actor:
    """Return eva, who administers, and is made the first time."""
    known = Person.objects.filter(username="eva").first()
    return actor_in(known, "default") if known else person("eva", Role.ADMIN)


def reviewer(name: str, *groups: str) -> Actor:
    """Return a reviewer who speaks for groups."""
    found = person(name, Role.REVIEWER)
    set_groups(admin(), name, groups)
    return found


def want(**rules: object) -> None:
    """Let the workspace want something."""
    set_approval(admin(), ApprovalRules(**rules))  # type: ignore[arg-type]  # as given


def approve(actors: Iterable[Actor]) -> Version:
    """Let people approve what stands, and return it."""
    for actor in actors:
        version = find_version(actor, "geo", 1)
        version = review.approve(actor, "geo", 1, digest=version.digest)
    return version


def test_the_last_of_several_publishes(ana: Actor) -> None:
    """One of two leaves it pending, with the trail saying who; nobody counts twice; a rejection voids all."""
    del ana
    want(approvals=2)
    ben, cleo = reviewer("ben"), reviewer("cleo")
    assert approve([ben]).status == Status.PENDING
    assert approval_progress_of(find_version(ben, "geo", 1)).words == "1 more approval"
    with pytest.raises(ConflictError, match="You have decided"):
        approve([ben])
    assert approve([cleo]).status == Status.PUBLISHED
    names = list(Event.objects.filter(environment="geo").order_by("sequence").values_list("name", flat=True))
    assert names[-3:] == ["version.approved", "version.approved", "version.published"]


def test_a_rejection_voids_earlier_approvals(ana: Actor) -> None:
    """The next round begins at nothing."""
    want(approvals=2)
    ben, cleo = reviewer("ben"), reviewer("cleo")
    approve([ben])
    review.reject(cleo, "geo", 1, feedback="too old")
    review.submit(ana, "geo", 1, "again")
    assert approval_progress_of(find_version(ben, "geo", 1)).given == 0
    assert approve([ben]).status == Status.PENDING
    assert approve([cleo]).status == Status.PUBLISHED


def test_each_group_must_be_among_them(ana: Actor) -> None:
    """Two approvals do not make up for the group that is missing; what one spoke for is kept with the decision."""
    del ana
    want(groups=("security",))
    ben, cleo, dan = reviewer("ben"), reviewer("cleo", "data"), reviewer("dan", "security", "data")
    assert approve([ben, cleo]).status == Status.PENDING
    assert approval_progress_of(find_version(ben, "geo", 1)).words == "1 more approval, by security"
    assert approve([dan]).status == Status.PUBLISHED
    assert Decision.objects.get(by__username="dan").groups == ["security", "data"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_publish_once() -> None:
    """Both approvals count, and whichever comes second publishes; never none, never twice."""
    ana = person("ana")
    draft(ana, "geo", "six")
    built(ana, "geo", lock=lock_of(PINS))
    review.submit(ana, "geo", 1, "please")
    want(approvals=2)
    people = [reviewer(name) for name in ("ben", "cleo", "dan", "emil")]
    digest = find_version(people[0], "geo", 1).digest

    def one(actor: Actor) -> str:
        try:
            return review.approve(actor, "geo", 1, digest=digest).status
        except AssayError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(one, people))
    assert Version.objects.get().status == Status.PUBLISHED, told
    assert Event.objects.filter(name="version.published").count() == 1
    assert Decision.objects.count() == 2, told


def feed(folder: Path) -> None:
    """Load a feed that says nothing of six."""
    load_feed(write_feed(folder / "all.zip", record("PYSEC-1", "other", ("introduced", "0"))))


def test_a_patch_release_needs_nobody_where_the_workspace_wants_that(tmp_path: Path) -> None:
    """It is published at once, and the record says that no person decided; a minor step waits as ever."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], PINS)
    feed(tmp_path)
    want(automatic=True)
    for number, pins, status in ((2, {"six": "1.16.1"}, Status.PUBLISHED), (3, {"six": "1.17.0"}, Status.PENDING)):
        new_version(ana, "geo")
        built(ana, "geo", number, lock_of(pins))
        assert review.submit(ana, "geo", number, "patches").status == status
    rounds = {one.version.number: one for one in Version.objects.get(number=2).submissions.all()}
    assert rounds[2].automatic
    assert rounds[2].outcome == "approved"
    told = Event.objects.filter(name="version.approved", number=2).get()
    assert (told.actor, told.detail["automatic"]) == ("assay", True)


def test_without_a_feed_nothing_is_of_low_risk() -> None:
    """Nobody looked for vulnerabilities: a person has to."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], PINS)
    want(automatic=True)
    new_version(ana, "geo")
    built(ana, "geo", 2, lock_of({"six": "1.16.1"}))
    assert review.submit(ana, "geo", 2, "patches").status == Status.PENDING


def test_who_may_change_it(ana: Actor) -> None:
    """Administrators; the last of them stays one."""
    eva = admin()
    with pytest.raises(ForbiddenError):
        set_approval(ana, ApprovalRules(automatic=True))
    with pytest.raises(ForbiddenError):
        set_groups(ana, "ana", ("security",))
    with pytest.raises(NotFoundError):
        set_groups(eva, "nobody", ())
    with pytest.raises(ConflictError, match="needs at least one admin"):
        change_role(eva, "eva", "member")
    change_role(eva, "ana", "admin")
    change_role(eva, "eva", "member")


def test_the_pages_say_what_is_needed(ana: Actor) -> None:
    """The workspace's page changes it; the review says what is missing, also to who has approved."""
    client = visitor(admin())
    form = {"approvals": "2", "groups": "security", "allow_sdists": "yes"}
    assert client.post("/admin/workspace/", form).status_code == 302
    found = Workspace.objects.get()
    assert (found.approvals, found.approval_groups, found.allow_sdists) == (2, ["security"], True)
    wrong = client.post("/admin/workspace/", {**form, "groups": "Big!"})
    assert wrong.status_code == 422
    ben = reviewer("ben")
    assert client.post("/admin/workspace/members/ben", {"role": "reviewer", "groups": "x"}).status_code == 302
    page = visitor(ben).get("/environments/geo/1/review").content.decode()
    assert "Needs: 2 approvals, by security" in page
    digest = find_version(ben, "geo", 1).digest
    assert visitor(ben).post("/environments/geo/1/approve", {"digest": digest}).status_code == 302
    page = visitor(ben).get("/environments/geo/1/review").content.decode()
    assert "You approved it; others still have to." in page
    assert "Needs: 1 more approval, by security" in page
    assert client.post("/admin/workspace/members/ben", {"role": "king", "groups": ""}).status_code == 302
    assert "is not a role" in client.get("/admin/workspace/").content.decode()
    assert visitor(ana).get("/admin/workspace/").status_code == 403
