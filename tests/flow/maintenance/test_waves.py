"""Waves over a base and what builds on it, with builds that a test ends; no process is started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.bases import behind_base as published_behind
from support.people import lock_of, person
from support.waves import CONFLICT, CRASH, drafted, finish_builds, message, publish, released, states, work

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.lifecycle import ACTIVE_BUILD, Health, Status
from assay.core.maintenance.rollout import RolloutAction
from assay.core.policy.findings import Finding
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.access import find_version
from assay.flow.build.build import request_build
from assay.flow.compose.draft import SpecInput, delete_draft, edit_spec
from assay.flow.maintenance import wave_steps, waves
from assay.flow.maintenance.rollouts import change_rollout, set_active
from assay.flow.maintenance.waves import base_moved, find_wave, plan_for, retry_failed, start_wave, stop_wave
from assay.flow.notify import notifications
from assay.flow.review import review
from assay.store import audit_log
from assay.store.models import (
    Build,
    Environment,
    Event,
    Membership,
    Notification,
    Submission,
    Version,
    Wave,
    WaveTarget,
    Workspace,
)
from assay.store.reads.behind import behind as behind_rows
from assay.store.reads.behind import behind_base

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("behind")]


@pytest.fixture
def ana() -> Actor:
    """Return a member, who owns what is built on the base."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer, who owns the base."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def rita() -> Actor:
    """Return another reviewer."""
    return person("rita", Role.REVIEWER)


@pytest.fixture
def behind(ana: Actor, ben: Actor, rita: Actor) -> Version:
    """Publish ds@1, geo and abc on it, web on geo, tiles on web; return ds@2."""
    return published_behind(ana, ben, rita)


def approve(reviewer: Actor, *slugs: str) -> None:
    """Approve the second version of each environment."""
    for slug in slugs:
        review.approve(reviewer, slug, 2, digest=find_version(reviewer, slug, 2).digest)


def test_behind_is_what_builds_on_an_older_version(ana: Actor, behind: Version) -> None:
    """Only what builds on the base itself; what builds on that is behind once its own base moved."""
    assert {one: behind_base(find_version(ana, one, 1)) for one in ("geo", "abc", "web")} == {
        "geo": "ds@2",
        "abc": "ds@2",
        "web": None,
    }
    assert behind_base(find_version(ana, "ds", 2)) is None
    assert behind_rows(behind.environment).count() == 2
    Version.objects.filter(pk=behind.pk).update(health=Health.QUARANTINED)
    assert behind_rows(behind.environment).count() == 0
    assert behind_base(find_version(ana, "geo", 1)) is None
    Version.objects.filter(pk=behind.pk).update(health=Health.OK, status=Status.DEPRECATED)
    assert behind_base(find_version(ana, "geo", 1)) is None


def test_a_wave_goes_level_by_level(ana: Actor, ben: Actor, behind: Version) -> None:
    """Each level is drafted for its owner, built, submitted with a note, and the next waits for its approval."""
    wave = start_wave(ben, "ds@2")
    work()
    assert states(wave) == {"geo": "submitted", "abc": "submitted", "web": "queued", "tiles": "queued"}
    geo = find_version(ana, "geo", 2)
    assert (geo.author_id, geo.spec["base"], geo.spec["keep"]) == (ana.id, "ds@2", "geo@1")
    note = Submission.objects.get(version=geo).note
    assert note == f"Update to the base ds@2, in wave {wave.pk} on ds@2."
    target = wave.targets.get(draft=geo)
    assert target.changes == {"added": 0, "removed": 0, "changed": 1, "blocking": 0, "warnings": 0}
    wave.refresh_from_db()
    assert wave.state == "running"
    approve(ben, "geo", "abc")
    work()
    assert states(wave)["web"] == "submitted"
    assert find_version(ana, "web", 2).spec["base"] == "geo@2"
    approve(ben, "web")
    work()
    approve(ben, "tiles")
    work()
    wave_steps.advance()
    wave.refresh_from_db()
    assert (wave.state, set(states(wave).values())) == ("done", {"published"})
    assert behind_rows(behind.environment).count() == 0
    names = list(Event.objects.filter(environment="geo", number=2).order_by("sequence").values_list("name", "actor"))
    assert ("version.created", "ben") in names
    assert ("version.submitted", "ben") in names


def test_people_hear_of_it(ana: Actor, ben: Actor) -> None:
    """Owners when a version is drafted for them, the starter at the end."""
    wave = start_wave(ben, "ds@2", ["geo", "abc"])
    work(failures={"abc": CONFLICT})
    while notifications.advance():
        pass
    texts = list(Notification.objects.filter(person_id=ana.id).values_list("text", flat=True))
    assert "ben drafted geo@2 for you: on the base ds@2" in texts
    own = Notification.objects.get(person_id=ben.id, event="wave.ended")
    assert own.text == "The wave on ds@2 ended: 1 submitted, 1 failed."
    wave.refresh_from_db()
    assert wave.state == "done"


def test_failures_say_why_and_keep_their_draft(ana: Actor, ben: Actor) -> None:
    """A conflict and a failed build; what builds on them is told so; a retry builds the mended draft."""
    wave = start_wave(ben, "ds")
    work(failures={"geo": CONFLICT, "abc": CRASH})
    wave.refresh_from_db()
    assert (wave.state, set(states(wave).values())) == ("done", {"failed"})
    assert message(wave, "geo").startswith("It does not resolve on ds@2: plot 1.0 depends on core<2")
    assert message(wave, "abc") == "The build failed while checking: The disk is full. Free space."
    assert message(wave, "web") == "Its base geo was not updated. Mend that, then retry."
    edit_spec(ana, "geo", 2, SpecInput(base="ds@2", python=None, libraries=("geo>=1",)))
    with pytest.raises(ForbiddenError):
        retry_failed(ana, wave.pk)
    assert retry_failed(ben, wave.pk).state == "running"
    work()
    assert states(wave) == {"geo": "submitted", "abc": "submitted", "web": "queued", "tiles": "queued"}
    assert find_version(ana, "geo", 2).parsed_spec.libraries == ("geo>=1",)
    assert Version.objects.filter(environment__slug="geo").count() == 2
    wave.targets.update(state="submitted")
    with pytest.raises(ConflictError):
        retry_failed(ben, wave.pk)


def test_a_failed_one_that_its_owner_mends_counts(ana: Actor, ben: Actor) -> None:
    """The wave follows what people do: submitted by hand, rejected, withdrawn, deleted."""
    wave = start_wave(ben, "ds@2", ["geo", "abc"])
    work(failures={"geo": CONFLICT})
    request_build(ana, "geo", 2)
    finish_builds()
    review.submit(ana, "geo", 2, "")
    wave_steps.advance()
    assert states(wave) == {"geo": "submitted", "abc": "submitted"}
    review.reject(ben, "geo", 2, feedback="no")
    review.withdraw(ana, "abc", 2)
    wave_steps.advance()
    assert (message(wave, "geo"), message(wave, "abc")) == (
        "The submission was rejected.",
        "The submission was withdrawn.",
    )
    review.submit(ana, "geo", 2, "")
    review.submit(ana, "abc", 2, "")
    wave_steps.advance()
    approve(ben, "geo")
    Version.objects.filter(environment__slug="abc", number=2).delete()
    wave_steps.advance()
    assert states(wave) == {"geo": "published", "abc": "failed"}
    assert message(wave, "abc") == "Its draft was deleted."


def left(ana: Actor) -> None:
    """Let the owner leave the workspace."""
    Membership.objects.filter(person_id=ana.id).delete()


def edited(ana: Actor) -> None:
    """Change the draft, which drops its build."""
    edit_spec(ana, "geo", 2, SpecInput(base="ds@2", python=None, libraries=("geo>=1",)))


def published() -> None:
    """Let the draft be published."""
    Version.objects.filter(environment__slug="geo", number=2).update(status=Status.PUBLISHED)


@pytest.mark.parametrize(
    ("act", "state", "words"),
    [
        (lambda ana: delete_draft(ana, "geo", 2), "failed", "Its draft was deleted."),
        (edited, "failed", "geo@2 was edited. Build and submit it, or retry."),
        (lambda _: Build.objects.update(state="cancelled"), "failed", "Its build was cancelled."),
        (lambda ana: review.submit(ana, "geo", 2, ""), "submitted", ""),
        (lambda _: published(), "published", ""),
        (
            lambda ana: Membership.objects.filter(person_id=ana.id).delete(),
            "failed",
            "Its owner may not compose here.",
        ),
    ],
)
def test_what_people_do_between_two_steps(
    ana: Actor, ben: Actor, act: Callable[[Actor], Any], state: str, words: str
) -> None:
    """The wave takes the draft as it finds it."""
    wave = start_wave(ben, "ds@2", ["geo"])
    wave_steps.advance()
    finish_builds()
    act(ana)
    wave_steps.advance()
    wave_steps.advance()
    assert (states(wave)["geo"], message(wave, "geo").startswith(words)) == (state, True)


def test_a_built_draft_that_was_touched_is_not_submitted(ana: Actor, ben: Actor) -> None:
    """Edited or deleted between its build and its submission."""
    wave = start_wave(ben, "ds@2", ["geo", "abc"])
    for slug in ("abc", "geo"):
        wave_steps.advance()
        finish_builds()
        wave.targets.filter(draft__isnull=False, state="building").update(state="built")
        if slug == "abc":
            delete_draft(ana, "abc", 2)
        else:
            edited(ana)
    wave_steps.advance()
    assert states(wave) == {"abc": "failed", "geo": "failed"}


def test_a_submission_that_is_refused_fails(ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is kept, and a retry submits what is built."""
    wave = start_wave(ben, "ds@2", ["geo"])

    def refuse(*_: object) -> None:
        raise ConflictError("It is not so.", hint="Wait.")

    monkeypatch.setattr(wave_steps, "submit", refuse)
    work()
    assert message(wave, "geo") == "It is not so. Wait."
    monkeypatch.undo()
    retry_failed(ben, wave.pk)
    work()
    assert states(wave) == {"geo": "submitted"}


def test_a_build_that_cannot_be_queued_fails(ana: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft stays, so that its owner can mend it."""
    wave = start_wave(ben, "ds@2", ["geo"])

    def refuse(*_: object) -> None:
        raise InvalidInputError("Python 3.11 is not here.", hint="Choose another one.")

    monkeypatch.setattr(wave_steps, "request_build", refuse)
    work()
    assert (states(wave)["geo"], message(wave, "geo")) == ("failed", "Python 3.11 is not here. Choose another one.")
    assert wave.targets.get().draft == find_version(ana, "geo", 2)


def test_a_wave_that_is_stopped_during_a_step(ana: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is undone: the draft is not submitted behind the back of who stopped the wave."""
    wave = start_wave(ben, "ds@2", ["geo"])
    wave_steps.advance()
    finish_builds()
    wave_steps.advance()
    real = wave_steps.submit

    def stop_first(actor: Actor, slug: str, number: int, note: str) -> Version:
        WaveTarget.objects.update(state="stopped")
        return real(actor, slug, number, note)

    wave.targets.update(state="built")
    Version.objects.filter(environment__slug="geo", number=2, status=Status.PENDING).update(status=Status.DRAFT)
    monkeypatch.setattr(wave_steps, "submit", stop_first)
    wave_steps.advance()
    assert find_version(ana, "geo", 2).status == Status.DRAFT


def test_a_version_published_meanwhile(ana: Actor, ben: Actor) -> None:
    """One on the new base needs nothing; one on the old base is updated instead; one without a base fails."""
    for slug in ("abc", "geo"):
        drafted(ana, slug, (slug, "more"), "ds@1")
    wave = start_wave(ben, "ds@2", ["geo", "abc", "web"])
    for slug, base in (("abc", "ds@2"), ("geo", "ds@1")):
        edit_spec(ana, slug, 2, SpecInput(base=base, python=None, libraries=(slug, "more")))
        request_build(ana, slug, 2)
        finish_builds()
        publish(ana, ben, find_version(ana, slug, 2))
    work()
    assert states(wave) == {"abc": "published", "geo": "submitted", "web": "queued"}
    assert message(wave, "abc") == "abc@2 builds on it already."
    assert wave.targets.get(source__environment__slug="geo").source.number == 2
    released(ana, ben, "web", {"six": "1.0"})
    review.approve(ben, "geo", 3, digest=find_version(ben, "geo", 3).digest)
    work()
    assert message(wave, "web") == "web@2 has no base any more."


def test_an_environment_that_ended_meanwhile(ben: Actor) -> None:
    """It has no active version any more."""
    wave = start_wave(ben, "ds@2", ["geo", "web"])
    Environment.objects.filter(slug="geo").update(active=None)
    work()
    assert message(wave, "geo") == "Its environment has no active version any more."
    assert message(wave, "web").startswith("Its base geo was not updated.")


def test_what_moved_before_is_taken_from_its_active_version(ana: Actor, ben: Actor) -> None:
    """Geo is on the new base already: web moves to geo's active version without waiting."""
    released(ana, ben, "geo", {"core": "1.0.1", "geo": "1.0"}, libraries=("geo",), base="ds@2")
    wave = start_wave(ben, "ds@2", ["web"])
    work()
    assert states(wave) == {"web": "submitted"}
    assert find_version(ana, "web", 2).spec["base"] == "geo@2"


def test_who_may_start_one(ana: Actor, ben: Actor, rita: Actor, behind: Version) -> None:
    """Members for what they own, reviewers for everything; nobody for what is not there."""
    with pytest.raises(ForbiddenError):
        start_wave(person("vic", Role.VIEWER), "ds@2")
    eve = person("eve")
    with pytest.raises(ForbiddenError) as refused:
        start_wave(eve, "ds@2", ["geo"])
    assert "owner" in refused.value.detail
    with pytest.raises(ConflictError):
        start_wave(eve, "ds@2")
    with pytest.raises(InvalidInputError) as unknown:
        start_wave(ben, "ds@2", ["nothing"])
    assert unknown.value.path == "targets"
    with pytest.raises(ConflictError) as older:
        start_wave(ben, "ds@1")
    assert "ds@2" in older.value.detail
    with pytest.raises(ConflictError) as empty:
        start_wave(ben, "tiles@1")
    assert empty.value.detail == "Nothing is behind tiles@1."
    wave = start_wave(ana, "ds@2", ["geo"])
    with pytest.raises(ConflictError) as again:
        start_wave(ana, "ds@2", ["geo"])
    assert again.value.detail == f"It is in wave {wave.pk} already."
    (left,) = plan_for(ana, behind).targets
    assert (left.derived.environment, left.derived.base_reference, left.derived.owner) == ("abc", "ds@1", "ana")
    assert plan_for(eve, behind).skipped == plan_for(eve, behind).targets == ()
    with pytest.raises(NotFoundError):
        find_wave(eve, wave.pk)
    assert find_wave(ana, wave.pk) == find_wave(rita, wave.pk) == wave


def test_a_wave_has_a_limit(ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """More environments are refused with the number."""
    monkeypatch.setattr(waves, "MOST_TARGETS", 1)
    with pytest.raises(InvalidInputError):
        start_wave(ben, "ds@2")


def test_the_starter_is_the_author_when_the_owner_left(ana: Actor, ben: Actor) -> None:
    """Somebody must be able to mend and submit the draft; with nobody left, it fails."""
    Membership.objects.filter(person_id=ana.id).delete()
    wave = start_wave(ben, "ds@2", ["geo", "abc"])
    work()
    assert Version.objects.get(environment__slug="geo", number=2).author_id == ben.id
    Membership.objects.filter(person_id=ben.id).update(role=Role.VIEWER)
    wave.targets.filter(source__environment__slug="abc").update(state="queued", draft=None)
    Wave.objects.update(state="running")
    work()
    assert message(wave, "abc") == "Its owner may not compose here. Give it another owner, then retry."


@pytest.mark.parametrize("delete", [True, False])
def test_a_stopped_wave(ana: Actor, ben: Actor, *, delete: bool) -> None:
    """No new drafts, builds cancelled, what is submitted stays; drafts are kept, or deleted unless edited."""
    wave = start_wave(ben, "ds@2")
    work(failures={})  # geo and abc are submitted
    approve(ben, "geo")
    wave_steps.advance()
    assert states(wave)["web"] == "building"
    with pytest.raises(ForbiddenError):
        stop_wave(ana, wave.pk)
    assert stop_wave(ben, wave.pk, delete_drafts=delete).message == "ben stopped it."
    assert states(wave) == {"geo": "published", "abc": "submitted", "web": "stopped", "tiles": "stopped"}
    assert not Build.objects.filter(state__in=ACTIVE_BUILD).exists()
    wave_steps.advance()
    assert Version.objects.filter(environment__slug="web", number=2).exists() is not delete
    with pytest.raises(ConflictError):
        stop_wave(ben, wave.pk)
    with pytest.raises(ConflictError):
        retry_failed(ben, wave.pk)
    again = start_wave(ben, "geo@2")
    work()
    assert states(again)["web"] == "submitted"  # the draft that the wave left is no obstacle


def test_an_edited_draft_outlives_its_wave(ana: Actor, ben: Actor) -> None:
    """It is somebody's work, and a running build is waited for."""
    wave = start_wave(ben, "ds@2", ["geo", "abc"])
    wave_steps.advance()
    (first,) = wave.targets.filter(state="building")
    Build.objects.update(state="installing", handle={})
    stop_wave(ben, wave.pk, delete_drafts=True)
    wave_steps.advance()
    assert Version.objects.filter(pk=first.draft_id).exists()
    Build.objects.update(state="cancelled")
    edit_spec(ana, first.draft.environment.slug, 2, SpecInput(base="ds@2", python=None, libraries=("own",)))
    wave_steps.advance()
    assert Version.objects.filter(pk=first.draft_id).exists()
    wave_steps.advance()


@pytest.mark.parametrize("harm", ["deprecate", "quarantine", "newer"])
def test_a_base_that_ends_stops_its_wave(ben: Actor, rita: Actor, behind: Version, harm: str) -> None:
    """With the reason; a newer version of the base stops it too."""
    wave = start_wave(ben, "ds@2")
    if harm == "deprecate":
        retire.deprecate(ben, "ds", 2, reason="wrong")
    elif harm == "quarantine":
        Version.objects.filter(pk=behind.pk).update(health=Health.QUARANTINED)
    else:
        released(ben, rita, "ds", {"core": "1.0.2"})
    wave_steps.advance()
    wave.refresh_from_db()
    assert wave.state == "stopped"
    assert {"deprecate": "deprecated", "quarantine": "quarantined", "newer": "ds@3"}[harm] in wave.message
    assert set(states(wave).values()) == {"stopped"}
    if harm != "newer":
        with pytest.raises(ConflictError):
            retry_failed(ben, wave.pk)


def test_without_an_active_version_no_wave_goes_on(ben: Actor) -> None:
    """The base's name stands for nothing."""
    wave = start_wave(ben, "ds@2")
    Environment.objects.filter(slug="ds").update(active=None)
    base_moved(Environment.objects.get(slug="ds"))
    wave.refresh_from_db()
    assert wave.message == "The active version of the base is none now."
    with pytest.raises(ConflictError) as refused:
        start_wave(ben, "ds@2")
    assert refused.value.detail.endswith("which is none.")


def test_a_workspace_may_start_waves_by_itself(ana: Actor, ben: Actor, rita: Actor) -> None:
    """A published base starts one, in the name of the rule; low-risk updates need nobody."""
    Workspace.objects.update(rebase_automatically=True)
    released(ben, rita, "ds", {"core": "1.0.3"})
    wave = Wave.objects.get()
    assert (wave.automatic, wave.by_id, wave.targets.count()) == (True, ben.id, 4)
    started = Event.objects.get(name="wave.started")
    assert (started.actor, started.detail["rule"]) == ("assay", "rebase_automatically")
    work()
    created = Event.objects.get(name="version.created", environment="geo", number=2)
    assert (created.actor, created.detail["rule"], created.detail["wave"]) == (
        "assay",
        "rebase_automatically",
        wave.pk,
    )
    assert find_version(ana, "geo", 2).author_id == ana.id
    assert find_version(ana, "geo", 2).environment.active.number == 1


def test_a_wave_follows_the_name_of_its_base(ben: Actor, rita: Actor) -> None:
    """Versions follow when everybody gets the base: not during its pilot, and not when the name goes back."""
    Workspace.objects.update(rebase_automatically=True, rollout={"people": ["rita"], "starts": 1})
    released(ben, rita, "ds", {"core": "1.0.3"})
    assert not Wave.objects.exists()
    change_rollout(rita, "ds", RolloutAction.COMPLETE)
    wave = Wave.objects.get()
    assert wave.base.reference == "ds@3"
    set_active(rita, "ds", 2, reason="A notebook fails in ds@3.")
    wave.refresh_from_db()
    assert (wave.state, wave.message) == ("stopped", "The active version of the base is ds@2 now.")
    again = Wave.objects.latest("pk")
    assert (again.base.reference, again.targets.count()) == ("ds@2", 4)


def test_low_risk_waves_need_nobody(
    ben: Actor, rita: Actor, behind: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both rules, patch releases of the base reach everything that builds on it."""
    Workspace.objects.update(rebase_automatically=True)
    monkeypatch.setattr(review, "risks_of", low_risk)
    locks = {
        slug: lock_of({"core": "1.0.3", slug: "1.0", **({"geo": "1.0"} if slug == "web" else {})})
        for slug in ("geo", "abc", "web", "tiles")
    }
    released(ben, rita, "ds", {"core": "1.0.3"})
    Workspace.objects.update(auto_approve=True)
    wave = Wave.objects.get()
    work(locks=locks)
    assert states(wave) == {"geo": "published", "abc": "published", "web": "published", "tiles": "published"}
    wave.refresh_from_db()
    assert wave.state == "done"
    assert Wave.objects.count() == 1  # what the wave publishes starts no wave of its own
    assert behind_rows(behind.environment).count() == 0
    assert Submission.objects.filter(automatic=True).count() == 4
    assert audit_log.verify(Workspace.objects.get()) is None


def low_risk(version: Version, findings: tuple[Finding, ...], *, assessed: bool) -> list[str]:
    """Judge as the workspace does, as if advisories were loaded."""
    from assay.flow.review.approval import risks_of  # noqa: PLC0415 - the real one, under its own name

    del assessed
    return risks_of(version, findings, assessed=True)


def test_waves_take_turns_and_leave_builds_to_people(ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """No target starts while people's builds fill the places; then they take at most so many."""
    monkeypatch.setattr(wave_steps, "MAX_CONCURRENT", 4)
    monkeypatch.setattr(wave_steps, "MOST_BUILDS", 2)
    one = start_wave(ben, "ds@2")
    for number in range(4):
        drafted(ben, f"own{number}", ("six",))
        request_build(ben, f"own{number}", 1)
    wave_steps.advance()
    assert set(states(one).values()) == {"queued"}
    finish_builds()
    wave_steps.advance()
    assert sorted(states(one).values()) == ["building", "building", "queued", "queued"]


class Killed(BaseException):
    """The process is gone."""


def killed_at(event: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let the worker make a step and die before its event of this number. Return whether it did."""
    real, seen = audit_log.record_many, iter(range(1, 1000))

    def record_many(entries: list[audit_log.Entry], *, workspace_id: int, actor: str) -> list[Event]:
        if next(seen) == event:
            raise Killed
        return real(entries, workspace_id=workspace_id, actor=actor)

    with monkeypatch.context() as patch:
        patch.setattr(audit_log, "record_many", record_many)
        try:
            wave_steps.advance()
        except Killed:
            return True
    return False


def test_a_crash_at_any_event_doubles_and_loses_nothing(ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before any event it records, a step leaves no trace, and the next worker takes it up."""
    wave = start_wave(ben, "ds@2", ["geo", "abc", "web"])
    crashes = 0
    for _ in range(30):
        at = 1
        while killed_at(at, monkeypatch):
            at += 1
        crashes += at - 1
        finish_builds()
        for slug in ("geo", "abc"):
            if Version.objects.filter(environment__slug=slug, number=2, status=Status.PENDING).exists():
                approve(ben, slug)
    assert crashes > 8
    assert states(wave) == {"geo": "published", "abc": "published", "web": "submitted"}
    for slug in ("geo", "abc", "web"):
        names = list(Event.objects.filter(environment=slug, number=2).values_list("name", flat=True))
        for name in ("version.created", "build.requested", "version.submitted"):
            assert names.count(name) == 1, (slug, name)
    assert Version.objects.filter(environment__slug__in=["geo", "abc", "web"]).count() == 6
    assert audit_log.verify(Workspace.objects.get()) is None
