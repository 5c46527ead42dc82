"""What a name means: publication, pilots, automatic steps, and reviewers' choices."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from support.people import person
from support.rollouts import PILOT, project, rolled_out, run, server, submitted

from assay.core.errors import AssayError, ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.lifecycle import Health
from assay.core.maintenance.rollout import RolloutAction, RolloutPlan, RolloutState
from assay.core.roles import Actor, Role
from assay.flow.access import find_environment, find_reference, find_version
from assay.flow.launch.launch import authorize_launch, instead_of, notice_of, record_launch
from assay.flow.maintenance import rollouts
from assay.flow.notify import notifications
from assay.flow.people import set_workspace
from assay.flow.retire import deprecate, quarantine, restore, retire
from assay.flow.review import review
from assay.flow.review.approval import set_groups
from assay.store.models import Environment, Event, Lock, Notification, Rollout, Submission, Version
from assay.store.reads.launchable import launch_choices
from assay.store.reads.rollouts import last_move, pilot_members, starts_in

pytestmark = pytest.mark.django_db
STOPPED, HALTED, COMPLETED = RolloutState.STOPPED, RolloutState.HALTED, RolloutState.COMPLETED


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def eve() -> Actor:
    """Return a member, the pilot."""
    return person("eve")


@pytest.fixture
def adm() -> Actor:
    """Return an administrator."""
    return person("adm", Role.ADMIN)


@pytest.fixture
def pilot(ana: Actor, ben: Actor, eve: Actor) -> Version:
    """Publish geo@1 to everyone and geo@2 to eve first."""
    assert eve.name in PILOT.people
    rolled_out(ana, ben, "geo")
    return rolled_out(ana, ben, "geo", PILOT)


def active() -> int | None:
    """Return the number that geo means."""
    found = Environment.objects.select_related("active").get(slug="geo").active
    return found.number if found else None


def state(number: int) -> str:
    """Return the state of a roll-out."""
    return Rollout.objects.get(version__environment__slug="geo", version__number=number).state


def last(name: str) -> Event:
    """Return the newest event of a kind."""
    return Event.objects.filter(name=name).latest("sequence")


def test_a_version_goes_to_everyone_at_once(ana: Actor, ben: Actor) -> None:
    """Unless somebody says otherwise."""
    rolled_out(ana, ben, "geo")
    assert active() == 1
    rolled_out(ana, ben, "geo", RolloutPlan())
    assert active() == 2
    assert not Rollout.objects.exists()
    with pytest.raises(NotFoundError, match="has had no roll-out"):
        rollouts.last_rollout(ana, "geo")


def test_a_pilot_gets_the_version_and_the_others_keep_theirs(pilot: Version, ana: Actor, eve: Actor) -> None:
    """Wherever the name is resolved: launches, kernels, the launch page, notices."""
    assert active() == 1
    assert find_reference(ana, "geo").number == 1
    assert find_reference(eve, "geo") == pilot
    assert authorize_launch(eve, "geo").version == pilot
    assert [one.reference for one in launch_choices(eve)] == ["geo@2"]
    assert [one.reference for one in launch_choices(ana)] == ["geo@1"]
    first = find_reference(ana, "geo@1")
    assert (notice_of(ana, first), instead_of(ana, first)) == ("", "")
    assert notice_of(eve, first) == "You are in its pilot group: geo means geo@2 for you."
    assert instead_of(eve, first) == "geo@2"
    assert (notice_of(ana, pilot), instead_of(ana, pilot)) == ("geo means geo@1 now.", "geo@1")
    event = last("rollout.started")
    assert (event.actor, event.number, event.detail["who"], event.detail["before"]) == ("ben", 2, "eve", "geo@1")


def test_a_group_is_a_pilot_as_long_as_its_members_are_in_it(ana: Actor, ben: Actor, eve: Actor, adm: Actor) -> None:
    """Who joins the group gets the version, who leaves it gets the one before."""
    set_groups(adm, "eve", ("maps",))
    rolled_out(ana, ben, "geo")
    rolled_out(ana, ben, "geo", RolloutPlan(groups=("maps",), days=3))
    assert find_reference(eve, "geo").number == 2
    assert [one.reference for one in launch_choices(eve)] == ["geo@2"]
    set_groups(adm, "eve", ())
    assert find_reference(eve, "geo").number == 1
    set_groups(adm, "ana", ("maps",))
    assert find_reference(ana, "geo").number == 2
    plan = RolloutPlan(groups=("maps",), days=3)
    assert [name for _, name in pilot_members(ana.workspace_id, plan)] == ["ana"]


def test_enough_good_starts_give_it_to_everyone(pilot: Version, ana: Actor) -> None:
    """The worker counts; the figures stand in the event."""
    for _ in range(4):
        server(pilot)
    assert rollouts.advance()
    assert (active(), Rollout.objects.get().starts) == (1, 4)
    before = Event.objects.count()
    rollouts.advance()
    assert Event.objects.count() == before
    run(project(ana, "nightly", "geo"), pilot, "succeeded")
    rollouts.advance()
    assert (active(), state(2), Environment.objects.get().rollout) == (2, COMPLETED, None)
    event = last("rollout.completed")
    assert (event.actor, event.detail["starts"], event.detail["failures"], event.detail["from"]) == ("assay", 5, 0, 1)
    assert "5 successful starts" in event.detail["reason"]
    assert not rollouts.advance()


@pytest.mark.usefixtures("eve")
def test_days_without_failure_give_it_to_everyone(ana: Actor, ben: Actor) -> None:
    """They begin again with a failure."""
    rolled_out(ana, ben, "geo")
    second = rolled_out(ana, ben, "geo", RolloutPlan(people=("eve",), days=2))
    now = timezone.now()
    server(second, state="failed")
    rollouts.advance(now + timedelta(days=1, hours=23))
    assert active() == 1
    rollouts.advance(now + timedelta(days=2, hours=1))
    assert active() == 2


def test_more_failures_than_before_halt_it_for_good(pilot: Version, ben: Actor, eve: Actor) -> None:
    """Both shares are said, and no number of good starts sets it going again."""
    server(pilot)
    for _ in range(2):
        server(pilot, state="failed")
    rollouts.advance()
    assert (active(), state(2), find_reference(eve, "geo").number) == (1, HALTED, 1)
    said = "2 of 3 starts failed (67 %); in the version before 0 of 0 (0 %)"
    assert (last("rollout.halted").detail["reason"], Rollout.objects.get().message) == (said, said)
    assert last("rollout.halted").actor == "assay"
    for _ in range(20):
        server(pilot)
    rollouts.advance(timezone.now() + timedelta(days=80))
    assert (active(), state(2)) == (1, HALTED)
    assert rollouts.find_rollout(ben, "geo").state == HALTED


def test_what_counts_as_a_start(pilot: Version, ana: Actor) -> None:
    """The same for both versions: servers, apps and runs that ended by themselves, from the pilot's start on."""
    script, app = project(ana, "script", "geo"), project(ana, "app", "geo", "app")
    for one in ("succeeded", "failed", "cancelled", "timeout", "lost", "running"):
        run(script, pilot, one)
    run(app, pilot, "running", healthy=True)
    run(app, pilot, "cancelled", healthy=True)
    run(app, pilot, "cancelled")
    run(app, pilot, "cancelled", late=True)
    run(app, pilot, "failed")
    server(pilot)
    server(pilot, state="failed")
    server(pilot, state="stopped")
    server(pilot, state="failed", minutes_ago=90)
    found = starts_in(pilot, timezone.now() - timedelta(hours=1))
    assert {kind: (one.good, one.failed) for kind, one in found.items()} == {
        "server": (1, 1),
        "app": (2, 2),
        "run": (1, 1),
    }
    assert all(one.last_failure for one in found.values())


def test_a_server_that_goes_on_in_another_version_still_counts_where_it_started(pilot: Version) -> None:
    """Its row is rewritten; the event stays."""
    made = server(pilot)
    first = Version.objects.get(environment__slug="geo", number=1)
    type(made).objects.filter(pk=made.pk).update(version=first, ready_at=None, state="starting")
    assert starts_in(pilot, timezone.now() - timedelta(hours=1))["server"].good == 1


def test_a_pilot_as_bad_as_the_version_before_goes_on(pilot: Version) -> None:
    """The version before fails as often."""
    first = Version.objects.get(environment__slug="geo", number=1)
    for one in (first, pilot):
        server(one)
        for _ in range(2):
            server(one, state="failed")
    rollouts.advance()
    found = Rollout.objects.get()
    assert (found.state, found.starts_before, found.failures_before) == ("pilot", 3, 2)


@pytest.mark.parametrize("drifted", [False, True])
def test_a_version_that_cannot_be_launched_halts(pilot: Version, adm: Actor, *, drifted: bool) -> None:
    """Quarantined, or with changed files; it goes on only when that is settled."""
    if drifted:
        Lock.objects.filter(pk=pilot.lock_id).update(drift={"changed": ["a"]})
    else:
        quarantine(adm, "geo", 2, reason="malware")
    rollouts.advance()
    assert state(2) == HALTED
    for action in (RolloutAction.RESUME, RolloutAction.COMPLETE):
        with pytest.raises(ConflictError, match="changed after" if drifted else "quarantined"):
            rollouts.change_rollout(adm, "geo", action, reason="on")


def test_people_complete_stop_and_resume(pilot: Version, ben: Actor, eve: Actor, ana: Actor) -> None:
    """Only reviewers; what a page showed is compared; halted ones need a reason."""
    with pytest.raises(ForbiddenError):
        rollouts.change_rollout(ana, "geo", RolloutAction.STOP)
    with pytest.raises(ConflictError, match="must be halted"):
        rollouts.change_rollout(ben, "geo", RolloutAction.RESUME, reason="on")
    with pytest.raises(ConflictError, match="meanwhile"):
        rollouts.change_rollout(ben, "geo", RolloutAction.STOP, seen=(2, "halted"))
    for _ in range(3):
        server(pilot, state="failed")
    rollouts.advance()
    for action in (RolloutAction.RESUME, RolloutAction.COMPLETE):
        with pytest.raises(InvalidInputError) as caught:
            rollouts.change_rollout(ben, "geo", action, reason=" ")
        assert caught.value.path == "reason"
    rollouts.change_rollout(ben, "geo", RolloutAction.RESUME, reason="The proxy was down.", seen=(2, "halted"))
    found = Rollout.objects.get()
    assert (found.state, found.starts, found.failures, found.message) == ("pilot", 0, 0, "")
    assert last("rollout.started").detail["resumed"] is True
    rollouts.advance()
    assert (state(2), find_reference(eve, "geo").number) == ("pilot", 2)
    rollouts.change_rollout(ben, "geo", RolloutAction.COMPLETE)
    assert (active(), state(2), last("rollout.completed").actor) == (2, COMPLETED, "ben")
    with pytest.raises(NotFoundError, match="no roll-out"):
        rollouts.change_rollout(ben, "geo", RolloutAction.STOP)


def test_a_stopped_pilot_goes_back(pilot: Version, ben: Actor, eve: Actor) -> None:
    """The version stays published, and the name falls back to it by no automatic step."""
    assert rollouts.last_rollout(ben, "geo").state == "pilot"
    rollouts.change_rollout(ben, "geo", RolloutAction.STOP, reason="Wait.", seen=(2, "pilot"))
    assert rollouts.last_rollout(ben, "geo").state == STOPPED
    assert (active(), state(2), find_reference(eve, "geo").number) == (1, STOPPED, 1)
    assert last("rollout.stopped").detail == {"reason": "Wait."}
    assert pilot.status == "published"
    deprecate(ben, "geo", 1, reason="old")
    assert active() == 1


def test_a_newer_version_replaces_a_pilot(pilot: Version, ana: Actor, ben: Actor, eve: Actor) -> None:
    """With its own plan."""
    rolled_out(ana, ben, "geo", PILOT)
    assert (active(), state(2), find_reference(eve, "geo").number) == (1, STOPPED, 3)
    rolled_out(ana, ben, "geo")
    assert (active(), state(3), pilot.number) == (4, STOPPED, 2)


def test_an_older_version_changes_nothing(ana: Actor, ben: Actor, eve: Actor) -> None:
    """Approved later than a newer one, it takes neither its name nor its pilot."""
    rolled_out(ana, ben, "geo")
    late = submitted(ana, "geo")
    later = submitted(ana, "geo")
    rolled_out(ana, ben, "geo", PILOT)
    review.approve(ben, "geo", late.number, digest=late.digest)
    assert (active(), find_reference(eve, "geo").number) == (1, 4)
    rollouts.change_rollout(ben, "geo", RolloutAction.COMPLETE)
    review.approve(ben, "geo", later.number, digest=later.digest)
    assert active() == 4


def test_a_reviewer_points_the_name_back(ana: Actor, ben: Actor, adm: Actor) -> None:
    """With a reason; it stays until the next publication; others' ends do not move it."""
    for _ in range(3):
        rolled_out(ana, ben, "geo")
    with pytest.raises(ForbiddenError):
        rollouts.set_active(ana, "geo", 1, reason="slow")
    with pytest.raises(InvalidInputError):
        rollouts.set_active(ben, "geo", 1, reason=" ")
    with pytest.raises(ConflictError, match="geo means geo@3 now"):
        rollouts.set_active(ben, "geo", 1, reason="slow", seen=2)
    with pytest.raises(ConflictError, match="already"):
        rollouts.set_active(ben, "geo", 3, reason="slow")
    assert rollouts.set_active(ben, "geo", 1, reason="geo@3 is slow.", seen=3).active_id
    event = last("environment.active-set")
    assert (event.actor, event.number, event.detail) == ("ben", 1, {"from": 3, "to": 1, "reason": "geo@3 is slow."})
    moved = last_move(find_environment(ben, "geo"))
    assert moved is not None
    assert (moved.actor, moved.before, moved.reason) == ("ben", 3, "geo@3 is slow.")
    deprecate(ben, "geo", 2, reason="old")
    with pytest.raises(ConflictError, match="deprecated"):
        rollouts.set_active(ben, "geo", 2, reason="back")
    restore(ben, "geo", 2)
    deprecate(ben, "geo", 2, reason="old")
    retire(adm, "geo", 2, reason="old")
    assert active() == 1
    Version.objects.filter(number=3).update(health=Health.QUARANTINED)
    with pytest.raises(ConflictError, match="quarantined"):
        rollouts.set_active(ben, "geo", 3, reason="back")
    rolled_out(ana, ben, "geo")
    assert active() == 4
    assert last_move(find_environment(ben, "geo")) is None


def test_a_choice_ends_a_pilot(pilot: Version, ana: Actor, ben: Actor, eve: Actor) -> None:
    """As completed when it is its version; otherwise it is stopped, and can be chosen later."""
    rollouts.set_active(ben, "geo", 2, reason="It is urgent.")
    assert (active(), state(2)) == (2, COMPLETED)
    rolled_out(ana, ben, "geo", PILOT)
    rollouts.set_active(ben, "geo", 1, reason="Both are bad.")
    assert (active(), state(3), find_reference(eve, "geo").number, pilot.number) == (1, STOPPED, 1, 2)
    rollouts.set_active(ben, "geo", 3, reason="It was the network.")
    assert (active(), state(3)) == (3, COMPLETED)


def test_the_name_leaves_a_version_that_ends(ana: Actor, ben: Actor, adm: Actor) -> None:
    """Deprecated: to the newest published one; a restore takes that back, unless something else happened."""
    for _ in range(3):
        rolled_out(ana, ben, "geo")
    deprecate(ben, "geo", 3, reason="wrong")
    assert active() == 2
    event = last("environment.active-set")
    assert (event.actor, event.detail) == ("assay", {"from": 3, "to": 2, "reason": "geo@3 is deprecated."})
    restore(ben, "geo", 3)
    assert active() == 3
    deprecate(ben, "geo", 3, reason="wrong")
    rollouts.set_active(ben, "geo", 1, reason="That one.")
    restore(ben, "geo", 3)
    assert active() == 1
    for number in (3, 2, 1):
        deprecate(ben, "geo", number, reason="all over")
    assert active() == 1
    retire(adm, "geo", 1, reason="all over")
    assert active() == 3
    restore(ben, "geo", 2)
    assert active() == 2
    deprecate(ben, "geo", 2, reason="all over")
    for number in (3, 2):
        retire(adm, "geo", number, reason="all over")
    assert active() is None
    assert last("environment.active-set").number is None


def test_the_end_of_a_version_ends_its_roll_out(pilot: Version, ben: Actor, eve: Actor) -> None:
    """By its rule."""
    deprecate(ben, "geo", 2, reason="wrong")
    event = last("rollout.stopped")
    assert (state(2), event.actor, event.detail["reason"]) == (STOPPED, "assay", "geo@2 is deprecated.")
    assert (active(), find_reference(eve, "geo").number, pilot.number) == (1, 1, 2)
    restore(ben, "geo", 2)
    assert active() == 1


@pytest.mark.usefixtures("eve")
def test_what_a_submission_says(ana: Actor, ben: Actor, adm: Actor) -> None:
    """Its own plan, else the workspace's; a first version has nobody who could keep another one."""
    set_workspace("default", {"rollout": PILOT.to_dict()}, by=adm.name)
    assert last("workspace.set").detail == {"rollout": PILOT.to_dict()}
    first = submitted(ana, "geo")
    assert Submission.objects.get(version=first).rollout == {}
    review.approve(ben, "geo", 1, digest=first.digest)
    second = submitted(ana, "geo")
    assert Submission.objects.get(version=second).rollout == PILOT.to_dict()
    third = submitted(ana, "geo", RolloutPlan())
    assert Submission.objects.get(version=third).rollout == {}
    with pytest.raises(InvalidInputError) as caught:
        submitted(ana, "maps", PILOT)
    assert caught.value.path == "rollout"
    with pytest.raises(InvalidInputError, match="mallory"):
        submitted(ana, "geo", RolloutPlan(people=("mallory",), starts=1))


@pytest.mark.usefixtures("eve", "ana")
def test_the_default_can_be_set_on_the_machine() -> None:
    """With the same checks."""
    assert set_workspace("default", {"rollout": PILOT.to_dict()})["rollout"] == PILOT.to_dict()
    with pytest.raises(InvalidInputError):
        set_workspace("default", {"rollout": {"people": ["mallory"], "starts": 1}})


@pytest.mark.usefixtures("eve")
def test_whom_a_version_will_reach(ana: Actor, ben: Actor) -> None:
    """In one sentence, before its approval."""
    first = submitted(ana, "geo")
    assert rollouts.reach_of(first, RolloutPlan()).words == "Goes to everyone: 3 people."
    review.approve(ben, "geo", 1, digest=first.digest)
    older, second = submitted(ana, "geo"), submitted(ana, "geo")
    found = rollouts.reach_of(second, PILOT)
    assert (found.first, found.others) == (1, 2)
    assert found.words == "Goes to 1 person (eve) first; 2 others keep geo@1 until 5 successful starts."
    most = RolloutPlan(people=("ana", "eve"), starts=1)
    words = "Goes to 2 people (ana, eve) first; 1 other keeps geo@1 until 1 successful start."
    assert rollouts.reach_of(second, most).words == words
    review.approve(ben, "geo", second.number, digest=second.digest)
    older = find_version(ana, "geo", older.number)
    assert rollouts.reach_of(older, PILOT).words == "geo does not change: geo@3 is newer."
    in_pilot = rolled_out(ana, ben, "geo", PILOT)
    assert (rollouts.is_in_pilot(in_pilot), rollouts.is_in_pilot(older)) == (True, False)
    older = find_version(ana, "geo", older.number)
    assert rollouts.reach_of(older, PILOT).words == "geo does not change: geo@4 is newer."


@pytest.mark.usefixtures("eve")
def test_an_automatic_approval_rolls_out_too(ana: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan stands in the submission that nobody reviews."""
    rolled_out(ana, ben, "geo")
    set_workspace("default", {"auto_approve": True})
    monkeypatch.setattr(review, "risks_of", lambda *_, **__: [])
    second = submitted(ana, "geo", PILOT)
    assert (second.status, active(), state(2)) == ("published", 1, "pilot")
    assert last("rollout.started").actor == "assay"


def test_a_pilot_that_changed_while_it_was_counted_is_left_alone(
    pilot: Version, ben: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped meanwhile, or halted and resumed meanwhile: old figures decide nothing."""
    for _ in range(3):
        server(pilot, state="failed")
    count = rollouts.count_starts

    def meanwhile(act: Callable[[], object]) -> None:
        def counted(rollout: Rollout) -> object:
            found = count(rollout)
            monkeypatch.setattr(rollouts, "count_starts", count)
            act()
            return found

        monkeypatch.setattr(rollouts, "count_starts", counted)
        rollouts.advance()

    def resumed() -> None:
        rollouts.advance()
        rollouts.change_rollout(ben, "geo", RolloutAction.RESUME, reason="It was the network.")

    meanwhile(resumed)
    assert state(2) == "pilot"
    server(pilot, state="failed")
    meanwhile(lambda: rollouts.change_rollout(ben, "geo", RolloutAction.STOP))
    assert state(2) == STOPPED


def told(actor: Actor) -> list[str]:
    """Return what a person was told, oldest first."""
    notifications.advance()
    return list(Notification.objects.filter(person_id=actor.id).order_by("sequence").values_list("text", flat=True))


def test_who_is_told(pilot: Version, ana: Actor, ben: Actor, eve: Actor) -> None:
    """The pilot group of each step; author and reviewers of a halt; whoever follows the name of what it means."""
    for _ in range(3):
        server(pilot, state="failed")
    rollouts.advance()
    said = "The roll-out of geo@2 is halted: 3 of 3 starts failed (100 %); in the version before 0 of 0 (0 %)"
    assert told(eve) == ["You get geo@2 before others: you are in its pilot group.", said]
    assert (said in told(ana), said in told(ben)) == (True, True)
    kim, pat, old = person("kim"), person("pat"), person("old")
    project(kim, "nightly", "geo")
    project(old, "pinned", "geo@2")
    record_launch(authorize_launch(pat, "geo"), pat, kind="kernel", target_id="k1")
    record_launch(authorize_launch(old, "geo@2"), old, kind="kernel", target_id="k2")
    rollouts.set_active(ben, "geo", 2, reason="It was the proxy.")
    now = "geo means geo@2 now: It was the proxy."
    assert [now in told(one) for one in (kim, pat, old, ben)] == [True, True, False, False]
    assert told(eve)[2:] == ["geo@2 goes to everyone now: It was the proxy."]


def both(*actions: Callable[[], object]) -> list[object]:
    """Do things at once in threads; return what each raised or answered."""
    results: list[object] = [None] * len(actions)
    barrier = threading.Barrier(len(actions))

    def work(position: int, action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[position] = action()
        except AssayError as error:
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(actions)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_two_workers_complete_a_pilot_once(ana: Actor, ben: Actor) -> None:
    """One event."""
    person("eve")
    rolled_out(ana, ben, "geo")
    second = rolled_out(ana, ben, "geo", PILOT)
    for _ in range(5):
        server(second)
    both(rollouts.advance, rollouts.advance)
    assert (active(), Event.objects.filter(name="rollout.completed").count()) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_choose_once(ana: Actor, ben: Actor) -> None:
    """The second sees that the name means something else now."""
    eva = person("eva", Role.REVIEWER)
    for _ in range(3):
        rolled_out(ana, ben, "geo")
    found = both(
        lambda: rollouts.set_active(ben, "geo", 1, reason="this", seen=3),
        lambda: rollouts.set_active(eva, "geo", 2, reason="that", seen=3),
    )
    assert sum(isinstance(one, ConflictError) for one in found) == 1
    assert Event.objects.filter(name="environment.active-set").count() == 1
