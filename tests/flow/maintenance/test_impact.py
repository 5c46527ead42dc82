"""The impact of ending a version: who and what is affected, and that nothing happens while another one was shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from support.people import draft, person, published
from support.rollouts import project, run, server

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.lifecycle import Health
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.maintenance.impact import freed_by, impact, show_impact
from assay.flow.retire import change_deprecation, deprecate, quarantine, release, retire
from assay.flow.usage import counting
from assay.store.models import Environment, Event, Launch, LibraryUse, Lock, Run, Runtime, Version

pytestmark = pytest.mark.django_db
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; geo@1 and the larger all@1 are published."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["frame", "plot"], {"frame": "1.5", "plot": "3.0", "core": "1.0"})
    published(ana, ben, "all", ["frame", "plot"], {"frame": "2.0", "core": "1.0"})
    return ana, ben, eva


def launch(version: Version, actor: Actor, days: int = 0) -> None:
    """Let somebody have launched a version some days ago."""
    Launch.objects.create(
        person_id=actor.id,
        environment=version.environment,
        version=version,
        kind="kernel",
        digest=version.digest,
        target_id=f"{actor.name}-{days}",
        started_at=timezone.now() - timedelta(days=days),
    )


def test_it_names_who_and_what_is_affected(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """People of 90 days, projects by name and by number, what runs, what is built on it; drafts are only counted."""
    ana, ben, eva = people
    version = find_version(ben, "geo", 1)
    for days in (5, 2, 40):
        launch(version, ana, days)
    launch(version, eva, 91)
    project(ana, "pinned", "geo@1")
    project(eva, "follows", "geo")
    project(eva, "elsewhere", "all")
    Runtime.objects.filter(slug="follows").update(schedule="0 6 * * *")
    app = project(ana, "board", "geo@1", kind="app")
    Runtime.objects.filter(pk=app.pk).update(enabled=True)
    server(version, "ana")
    for state, runtime in (("running", app), ("queued", Runtime.objects.get(slug="pinned")), ("succeeded", app)):
        run(runtime, version, state)
    draft(ana, "own", base="geo@1")
    Version.objects.filter(environment__slug="all").update(base=version)
    counting.count_launches(timezone.now())
    launch(version, ana, 1)  # not counted yet
    with django_assert_max_num_queries(13):
        found = show_impact(ben, "geo", 1, "all")
    assert [(one.name, (timezone.now().date() - one.last).days) for one in found.people] == [("ana", 1)]
    assert [(one.slug, one.owner, one.pinned, one.serving) for one in found.projects] == [
        ("board", "ana", True, True),
        ("follows", "eva", False, False),
        ("pinned", "ana", True, False),
    ]
    assert found.schedules == 1
    assert (found.running.servers, found.running.runs, found.running.apps, found.running.total) == (1, 1, 1, 3)
    assert (found.derived.references, found.derived.drafts, found.derived.total) == (("all@1",), 1, 2)
    assert found.coverage is not None
    assert (found.coverage.covers, found.coverage.lost) == (50, ("plot",))
    assert [(one.name, one.before, one.after) for one in found.coverage.moved] == [("frame", "1.5", "2.0")]
    assert freed_by(version) == 1000  # frame and plot; all@1 has the same core
    Version.objects.filter(pk=version.pk).update(lock=None)
    assert freed_by(find_version(ben, "geo", 1)) == 0


def test_only_imported_libraries_count_where_they_are_known(people: People) -> None:
    """People who import only core lose nothing."""
    ben = people[1]
    version = find_version(ben, "geo", 1)
    LibraryUse.objects.create(version=version, day=timezone.now().date(), library="", sessions=3)
    LibraryUse.objects.create(version=version, day=timezone.now().date(), library="core", sessions=3)
    found = show_impact(ben, "geo", 1, "all")
    assert found.coverage is not None
    assert (found.coverage.covers, found.coverage.total, found.coverage.moved) == (100, 1, ())


def test_the_successor_is_the_one_that_it_names_unless_another_is_asked_for(people: People) -> None:
    """One that cannot be launched any more is none; another one must be launchable."""
    ana, ben, eva = people
    assert show_impact(ben, "geo", 1).successor is None
    deprecate(ben, "geo", 1, reason="old", successor="all")
    named = show_impact(ben, "geo", 1).successor
    assert named is not None
    assert named.reference == "all@1"
    assert show_impact(ben, "geo", 1, "").successor is None
    Lock.objects.filter(versions=named).update(drift={"changed": ["x"]})
    assert show_impact(ben, "geo", 1).successor is None
    assert show_impact(ben, "geo", 1, "all@1").successor is None, "as the version names it"
    with pytest.raises(InvalidInputError, match="all@1 has changed files; people could not launch it"):
        show_impact(ben, "geo", 1, "all")
    with pytest.raises(InvalidInputError, match="cannot replace itself"):
        show_impact(ben, "geo", 1, "geo@1")
    with pytest.raises(NotFoundError):
        show_impact(ben, "geo", 1, "gone@1")
    Version.objects.filter(environment__slug="all").update(health=Health.QUARANTINED)
    with pytest.raises(InvalidInputError, match="all@1 is quarantined"):
        show_impact(ben, "geo", 1, "all")
    Environment.objects.get(slug="all").delete()
    assert show_impact(ben, "geo", 1).successor is None
    assert (ana.name, eva.name) == ("ana", "eva")


CHANGES: dict[str, Callable[[Version, Actor], object]] = {
    "a new person": launch,
    "a new project": lambda _, actor: project(actor, "figures", "geo@1"),
    "a schedule": lambda *_: Runtime.objects.filter(slug="tables").update(schedule="0 6 * * *"),
    "a version built on it": lambda version, _: Version.objects.filter(environment__slug="all").update(base=version),
    "another successor": lambda version, _: Version.objects.filter(pk=version.pk).update(successor="all@1"),
    "a quarantine": lambda version, _: Version.objects.filter(pk=version.pk).update(health=Health.ATTENTION),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("action", ["deprecate", "change", "retire", "quarantine"])
def test_nothing_is_done_while_another_impact_was_shown(people: People, change: str, action: str) -> None:
    """Law: an action is refused when anything of the impact has changed; nothing is recorded; anew it is done."""
    ana, ben, eva = people
    project(ana, "tables", "geo@1")
    if action in {"change", "retire"}:
        deprecate(ben, "geo", 1, reason="old")
    token = show_impact(ben, "geo", 1).token
    CHANGES[change](find_version(ben, "geo", 1), ana)
    version = find_version(ben, "geo", 1)
    now, events = show_impact(ben, "geo", 1).token, Event.objects.count()
    words = {"reason": "It is old.", "successor": version.successor}
    acts: dict[str, Callable[[str], Version]] = {
        "deprecate": lambda seen: deprecate(ben, "geo", 1, impact=seen, **words),
        "change": lambda seen: change_deprecation(ben, "geo", 1, impact=seen, **words),
        "retire": lambda seen: retire(eva, "geo", 1, reason="gone", impact=seen),
        "quarantine": lambda seen: quarantine(eva, "geo", 1, reason="malware", impact=seen),
    }
    for seen in (token, ""):
        with pytest.raises(ConflictError) as caught:
            acts[action](seen)
        assert caught.value.path == "impact"
    assert Event.objects.count() == events
    assert find_version(ben, "geo", 1).revision == version.revision
    assert acts[action](now).revision == version.revision + 1


def test_what_runs_changes_no_token(people: People) -> None:
    """Servers come and go while somebody reads; their people are compared."""
    ana, ben, eva = people
    version = find_version(ben, "geo", 1)
    launch(version, ana)
    token = impact(version).token
    server(version, "ana")
    assert impact(version).token == token
    quarantine(eva, "geo", 1, reason="malware", impact=token)
    with pytest.raises(ConflictError) as caught:
        release(eva, "geo", 1, reason="fine", impact=token)
    assert caught.value.path == "impact"
    release(eva, "geo", 1, reason="fine", impact=show_impact(eva, "geo", 1).token)
    assert Run.objects.count() == 0


def test_a_deprecation_can_be_changed(people: People) -> None:
    """Its message, successor and end; reminders begin anew with a new end; what is the same is no event."""
    _, ben, _ = people
    end = datetime(2031, 1, 1, tzinfo=UTC)
    deprecate(ben, "geo", 1, reason="old", ends_at=end)
    Version.objects.filter(environment__slug="geo").update(end_reminded=30)
    found = change_deprecation(ben, "geo", 1, reason="Python ends.", successor="all", ends_at=end)
    assert (found.reason, found.successor, found.ends_at, found.end_reminded) == ("Python ends.", "all@1", end, 30)
    change_deprecation(ben, "geo", 1, reason="Python ends.", successor="all@1", ends_at=end)
    events = Event.objects.filter(name="version.deprecation-changed")
    assert [one.detail for one in events] == [
        {"reason": "Python ends.", "successor": "all@1", "ends_on": "2031-01-01"}
    ]
    found = change_deprecation(ben, "geo", 1, reason="Python ends.")
    assert (found.ends_at, found.successor, found.end_reminded) == (None, "", None)
    with pytest.raises(InvalidInputError) as caught:
        change_deprecation(ben, "geo", 1, reason="x", ends_at=timezone.now() - timedelta(days=1))
    assert caught.value.path == "ends"
    past = timezone.now() - timedelta(minutes=1)
    Version.objects.filter(environment__slug="geo").update(ends_at=past)
    assert change_deprecation(ben, "geo", 1, reason="Ends now.", ends_at=past).reason == "Ends now."
    with pytest.raises(ConflictError, match="must be published"):
        deprecate(ben, "geo", 1, reason="again")
