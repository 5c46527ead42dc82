"""The laws of the domain where time and other people matter."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction
from support.people import built, changed, draft, lock_of, outcome_of, person, spec_input

from assay.core.errors import AssayError, ConflictError, DriftError, ForbiddenError, NotFoundError
from assay.core.lifecycle import BuildState, Health, Status
from assay.core.lock import Lock
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.access import find_version
from assay.flow.build.build import cancel_build, request_build, store_outcome
from assay.flow.compose import draft as drafting
from assay.flow.launch.launch import authorize_launch
from assay.flow.paths import prefix
from assay.flow.people import create_token, find_person, revoke_token
from assay.flow.review import review
from assay.store.audit_log import verify
from assay.store.models import Build, Decision, Event, Submission, Version, Workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def published(author: Actor, reviewer: Actor, slug: str, lock: Lock | None = None) -> Version:
    """Take a version all the way."""
    draft(author, slug)
    version = built(author, slug, lock=lock)
    review.submit(author, slug, 1, "please")
    return review.approve(reviewer, slug, 1, digest=version.digest)


def both(*actions: Callable[[], object]) -> list[object]:
    """Do things at the same moment in threads of their own; return results or errors."""
    gate = threading.Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def work(position: int, action: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[position] = action()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_reviewers_at_once_publish_once(ana: Actor, ben: Actor) -> None:
    """Law 2: one succeeds, the others read that somebody was faster; one decision, one publication."""
    others = [person(name, Role.REVIEWER) for name in ("bob", "bea", "bix")]
    for turn in range(5):
        slug = f"geo{turn}"
        draft(ana, slug)
        digest = built(ana, slug).digest
        review.submit(ana, slug, 1, "")
        results = both(
            *(
                lambda actor=actor: review.approve(actor, slug, 1, digest=digest)  # type: ignore[misc]  # noqa: B023 - run before the next turn
                for actor in (ben, *others)
            )
        )
        assert sum(isinstance(one, Version) for one in results) == 1
        assert all(isinstance(one, (Version, ConflictError)) for one in results), results
        assert Decision.objects.filter(submission__version__environment__slug=slug).count() == 1
        assert Event.objects.filter(environment=slug, name="version.published").count() == 1


def test_approving_and_rejecting_at_once_ends_one_way(ana: Actor, ben: Actor) -> None:
    """Whoever is first decides; the round has one outcome."""
    bob = person("bob", Role.REVIEWER)
    draft(ana, "geo")
    digest = built(ana, "geo").digest
    review.submit(ana, "geo", 1, "")
    results = both(
        lambda: review.approve(ben, "geo", 1, digest=digest),
        lambda: review.reject(bob, "geo", 1, feedback="no"),
        lambda: review.withdraw(ana, "geo", 1),
    )
    assert sum(isinstance(one, Version) for one in results) == 1, results
    assert Submission.objects.get().outcome in {"approved", "rejected", "withdrawn"}
    assert verify(Workspace.objects.get()) is None


def test_a_decision_is_bound_to_the_digest_that_was_seen(ana: Actor, ben: Actor) -> None:
    """Approving what changed meanwhile is refused."""
    draft(ana, "geo")
    seen = built(ana, "geo").digest
    review.submit(ana, "geo", 1, "")
    review.withdraw(ana, "geo", 1)
    drafting.edit_spec(ana, "geo", 1, spec_input("six", "attrs"))
    built(ana, "geo", lock=lock_of({"six": "1.17.0", "attrs": "25.1"}))
    review.submit(ana, "geo", 1, "")
    with pytest.raises(ConflictError, match="You decided on lock"):
        review.approve(ben, "geo", 1, digest=seen)
    assert find_version(ben, "geo", 1).status == Status.PENDING


def test_what_is_launched_is_what_was_approved(ana: Actor, ben: Actor) -> None:
    """Law 1: the launched directory's lock has the approved digest; another lock there starts nothing."""
    version = published(ana, ben, "geo")
    ticket = authorize_launch(ana, "geo@1")
    assert Lock.from_toml((ticket.prefix / "pylock.toml").read_text()).digest == version.digest
    other = changed(lock_of({"six": "1.17.0"}), "six", "1.16.0")
    (prefix(version.digest) / "pylock.toml").write_text(other.to_toml())
    with pytest.raises(DriftError):
        authorize_launch(ana, "geo@1")


def test_drafts_are_personal_and_everyone_gets_what_is_published(ana: Actor, ben: Actor) -> None:
    """Before approval the author alone launches; afterwards everybody; nothing starts when quarantined."""
    eva, root = person("eva"), person("root", Role.ADMIN)
    draft(ana, "geo")
    built(ana, "geo")
    assert authorize_launch(ana, "geo@1").personal
    for stranger in (eva, ben, root):
        with pytest.raises(NotFoundError):
            authorize_launch(stranger, "geo@1")
    review.submit(ana, "geo", 1, "")
    with pytest.raises(ForbiddenError):
        authorize_launch(ben, "geo@1")
    review.approve(ben, "geo", 1, digest=find_version(ana, "geo", 1).digest)
    assert not authorize_launch(eva, "geo").personal
    retire.quarantine(root, "geo", 1, reason="malware")
    assert find_version(eva, "geo", 1).health == Health.QUARANTINED
    with pytest.raises(ForbiddenError, match="quarantined"):
        authorize_launch(eva, "geo")


def test_nobody_approves_their_own_but_a_workspace_may_allow_it(ben: Actor) -> None:
    """The exception is a setting, and it is marked in the record."""
    draft(ben, "geo")
    digest = built(ben, "geo").digest
    review.submit(ben, "geo", 1, "")
    with pytest.raises(ForbiddenError, match="own submission"):
        review.approve(ben, "geo", 1, digest=digest)
    Workspace.objects.update(self_approval=True)
    review.approve(ben, "geo", 1, digest=digest)
    assert Decision.objects.get().self_approved


def test_events_are_never_changed_or_removed(ana: Actor) -> None:
    """Law 3: the database itself refuses both, and the chain shows a line that was slipped in."""
    draft(ana, "geo")
    for attempt in (lambda: Event.objects.update(actor="eve"), lambda: Event.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    workspace = Workspace.objects.get()
    assert verify(workspace) is None
    last = Event.objects.order_by("-sequence")[0]
    Event.objects.create(
        workspace=workspace,
        sequence=last.sequence + 1,
        at=last.at,
        actor="eve",
        name="version.published",
        previous=last.hash,
        hash="0" * 64,
    )
    assert verify(workspace) == last.sequence + 1


def test_a_failed_change_leaves_no_event(ana: Actor, ben: Actor) -> None:
    """An event stands or falls with its change."""
    draft(ana, "geo")
    before = Event.objects.count()
    with pytest.raises(AssayError):
        review.submit(ana, "geo", 1, "")
    with pytest.raises(AssayError):
        review.approve(ben, "geo", 1, digest="x")
    assert Event.objects.count() == before


def test_one_build_of_a_version_at_a_time(ana: Actor) -> None:
    """Asking again while one runs, even at the same moment, returns the same build."""
    draft(ana, "geo")
    results = both(*(lambda: request_build(ana, "geo", 1).pk for _ in range(4)))
    kept = Build.objects.get()
    assert all(one == kept.pk or isinstance(one, ConflictError) for one in results), results
    assert request_build(ana, "geo", 1).pk == kept.pk


def test_a_changed_spec_drops_the_lock_and_an_equal_one_keeps_it(ana: Actor) -> None:
    """Draft, edit: what was built was built for another spec."""
    draft(ana, "geo")
    built(ana, "geo")
    drafting.edit_spec(ana, "geo", 1, spec_input("six"))
    assert find_version(ana, "geo", 1).digest
    drafting.edit_spec(ana, "geo", 1, spec_input("six>=1"))
    assert not find_version(ana, "geo", 1).digest
    with pytest.raises(ConflictError, match="not built"):
        review.submit(ana, "geo", 1, "")


def test_a_late_outcome_does_not_touch_an_ended_build(ana: Actor) -> None:
    """Law 5: cancelled stays cancelled, whatever its process still leaves behind."""
    draft(ana, "geo")
    build = request_build(ana, "geo", 1)
    cancel_build(ana, str(build.pk))
    assert Build.objects.get().state == BuildState.CANCELLED
    store_outcome(Build.objects.get(), outcome_of(lock_of({"six": "1.17.0"})))
    assert Build.objects.get().state == BuildState.CANCELLED
    assert not find_version(ana, "geo", 1).digest


def test_the_same_lock_is_kept_once(ana: Actor, ben: Actor) -> None:
    """Law 7: two people who compose the same share one lock and one directory."""
    first = published(ana, ben, "geo")
    draft(ben, "same")
    second = built(ben, "same")
    assert first.lock_id == second.lock_id
    assert len(list(prefix(first.digest).parent.iterdir())) >= 1


def test_numbers_are_never_given_again(ana: Actor, ben: Actor) -> None:
    """A deleted draft's number stays its own; the trail keeps what happened to it."""
    published(ana, ben, "geo")
    assert drafting.new_version(ana, "geo").number == 2
    drafting.delete_draft(ana, "geo", 2)
    assert drafting.new_version(ana, "geo").number == 3
    assert Event.objects.filter(environment="geo", number=2, name="version.deleted").exists()


def test_a_new_version_goes_the_same_way_and_the_old_one_stays(ana: Actor, ben: Actor) -> None:
    """Point 11 of the main job."""
    published(ana, ben, "geo")
    drafting.new_version(ana, "geo")
    drafting.edit_spec(ana, "geo", 2, spec_input("six", "attrs"))
    newer = built(ana, "geo", 2, lock=lock_of({"six": "1.17.0", "attrs": "25.1"}))
    assert authorize_launch(ben, "geo").version.number == 1
    review.submit(ana, "geo", 2, "")
    assert Submission.objects.get(version=newer).changes == {"against": "geo@1", "summary": "+1 \N{MINUS SIGN}0 ~0"}
    review.approve(ben, "geo", 2, digest=newer.digest)
    assert authorize_launch(ben, "geo").version.number == 2
    assert "newer version" in authorize_launch(ben, "geo@1").notice


def test_tokens_leave_their_trace(ana: Actor) -> None:
    """Making and revoking a token are events; its secret is in neither."""
    made = create_token(find_person("ana"), "nightly")
    revoke_token(find_person("ana"), made.record.pk)
    told = list(Event.objects.filter(name__startswith="token.", actor=ana.name).values_list("name", flat=True))
    assert told == ["token.created", "token.revoked"]
    assert made.secret not in str(list(Event.objects.values("detail")))


def test_workspaces_do_not_see_each_other(ana: Actor, ben: Actor) -> None:
    """Nothing crosses a workspace, not even a name."""
    published(ana, ben, "geo")
    zoe = person("zoe", Role.ADMIN, workspace="other")
    with pytest.raises(NotFoundError):
        find_version(zoe, "geo", 1)
    with pytest.raises(NotFoundError):
        authorize_launch(zoe, "geo")
    draft(zoe, "geo")
    assert verify(Workspace.objects.get(slug="other")) is None
