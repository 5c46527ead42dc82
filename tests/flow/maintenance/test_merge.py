"""Merging versions, resolved by uv from an index on loopback, and what publishing the merge does to its sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from support.index import LocalIndex
from support.people import built, draft, lock_of, person, published, spec_input

from assay.core.comparison.merge import MergeEffect
from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.lock import Lock
from assay.core.maintenance.merge_plan import By, Choices
from assay.core.roles import Actor, Role
from assay.flow.access import find_reference, find_version
from assay.flow.compose.draft import edit_spec, new_version, start_on_base
from assay.flow.maintenance import merge_resolution
from assay.flow.maintenance.merge import create_merge, plan_merge
from assay.flow.maintenance.merge_resolution import Fix
from assay.flow.maintenance.merged_sources import Replacement, replaced_sources
from assay.flow.retire import deprecate, quarantine, restore
from assay.flow.review import review
from assay.store.models import Event, Launch, LibraryUse, Runtime, Version, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def index(settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve frame and core in several versions, and libraries that need them."""
    index = LocalIndex()
    for version in ("1.5.0", "2.1.0", "2.2.3"):
        index.add("frame", version, requires=("core>=2",) if version == "2.2.3" else ("core",))
    for version in ("1.0", "1.1", "2.0"):
        index.add("core", version)
    index.add("old", "1.0", requires=("frame<2",))
    index.add("plot", "1.0", requires=("frame",))
    index.add("new", "1.0", requires=("frame>=2",))
    index.add("sole", "1.0")
    index.add("sole", "2.0")
    settings.INDEX_URL = index.url
    yield index
    index.close()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def launch(actor: Actor, version: Version) -> None:
    """Record that somebody used a version today."""
    Launch.objects.create(
        person_id=actor.id,
        environment=version.environment,
        version=version,
        kind="studio",
        digest=version.digest,
        target_id="one",
        started_at=timezone.now(),
    )


def imported(version: Version, **sessions: int) -> None:
    """Record sessions that imported these libraries; the most frequent one was in all of them."""
    today = date.today()  # noqa: DTZ011 - UTC in tests
    LibraryUse.objects.create(version=version, library="", day=today, sessions=max(sessions.values()))
    for name, count in sessions.items():
        LibraryUse.objects.create(version=version, library=name, day=today, sessions=count)


def locked(lock: Lock) -> dict[str, str]:
    """Return the versions of a lock by library."""
    return {one.name: one.version for one in lock.libraries}


def moved(effect: MergeEffect) -> list[tuple[str, str | None, str | None]]:
    """Return the libraries that get another version."""
    rows = [(row.name, *row.versions) for row in effect.altered]
    return [row for row in rows if row[1] != row[2]]


def two(ana: Actor, ben: Actor) -> tuple[Version, Version]:
    """Publish two environments that share frame and core in different versions; the first has a user."""
    one = published(ana, ben, "ds", ["frame>=2", "sole"], {"frame": "2.1.0", "core": "1.0", "sole": "1.0"})
    other = published(ana, ben, "viz", ["plot", "frame"], {"plot": "1.0", "frame": "1.5.0", "core": "1.1"})
    launch(ana, one)
    return one, other


def test_a_merge_covers_its_sources_with_the_fewest_moves(ana: Actor, ben: Actor) -> None:
    """What most people have stays although newer releases exist; each source reads what moves for its people."""
    one, other = two(ana, ben)
    Runtime.objects.create(
        workspace_id=ana.workspace_id,
        slug="nightly",
        title="Nightly",
        kind="script",
        owner_id=ana.id,
        environment="viz",
        source={},
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )
    found = plan_merge(ana, ["viz", "ds@1"], By.ASKED)
    assert found.plan.requirements == ("frame>=2", "plot", "sole")
    merged = found.merged
    assert merged is not None
    assert locked(merged.lock) == {"frame": "2.1.0", "core": "1.0", "plot": "1.0", "sole": "1.0"}
    assert (merged.moved, merged.direct, found.python) == (2, ("frame", "plot", "sole"), "3.11")
    assert merged.new_bytes > 0
    first, second = merged.effects
    assert (first.version, first.people, first.projects, first.effect.gained) == (one, 1, (), ("plot",))
    assert (moved(first.effect), first.effect.unserved, first.recorded) == ([], (), False)
    assert (second.version, second.people, second.projects) == (other, 0, ("nightly",))
    assert moved(second.effect) == [("frame", "1.5.0", "2.1.0"), ("core", "1.1", "1.0")]
    assert plan_merge(ana, ["ds", "viz"], By.ASKED) == found
    assert plan_merge(ana, ["ds", "viz"], By.ASKED, resolve=False).merged is None


def test_the_draft_is_limited_to_what_was_resolved(index: LocalIndex, ana: Actor, ben: Actor) -> None:
    """It asks for the union, keeps the most used source, and a newer release does not change it."""
    one, other = two(ana, ben)
    one.environment.tags = ["gold"]
    one.environment.save()
    made = create_merge(ana, ["ds@1", "viz@1"], By.ASKED, slug="desk", title="Desk")
    spec = made.parsed_spec
    assert (made.reference, made.status, spec.keep, made.environment.tags) == ("desk@1", "draft", "ds@1", ["gold"])
    assert spec.constraints == ("core==1.0", "frame==2.1.0", "plot==1.0", "sole==1.0")
    assert made.environment.description == "Merges ds@1, viz@1."
    assert list(made.merge.sources.order_by("pk")) == [one, other]
    event = Event.objects.get(name=EventName.MERGE_DRAFTED)
    assert (event.actor, event.detail) == ("ana", {"sources": ["ds@1", "viz@1"], "by": "asked", "left_out": []})
    with pytest.raises(ConflictError, match="taken"):
        create_merge(ana, ["ds@1", "viz@1"], By.ASKED, slug="desk", title="Desk")
    again = create_merge(ben, ["ds@1", "viz@1"], By.ASKED, slug="viz", title="")
    assert (again.reference, again.parsed_spec.libraries) == ("viz@2", spec.libraries)
    edited, _ = edit_spec(ana, "desk", 1, spec_input("frame"))
    assert edited.parsed_spec.constraints == ()
    assert index.served


def test_the_limits_of_a_merge_end_with_its_version(ana: Actor, ben: Actor) -> None:
    """The next version, and the same libraries on another base, are resolved anew."""
    two(ana, ben)
    create_merge(ana, ["ds@1", "viz@1"], By.ASKED, slug="desk", title="Desk")
    made = built(ana, "desk", lock=lock_of({"core": "1.0", "frame": "2.1.0", "plot": "1.0", "sole": "1.0"}))
    review.submit(ana, "desk", 1, "")
    review.approve(ben, "desk", 1, digest=made.digest)
    assert made.parsed_spec.constraints
    assert new_version(ana, "desk").parsed_spec.constraints == ()
    base = published(ana, ben, "ground", ["core"], {"core": "1.1"})
    assert start_on_base(ana, find_version(ana, "desk", 1), base, {}).parsed_spec.constraints == ()


def test_only_what_is_imported(ana: Actor, ben: Actor) -> None:
    """Imports of 90 days decide, and a source without a recorded session counts whole."""
    one, other = two(ana, ben)
    imported(one, frame=3)
    found = plan_merge(ana, ["ds", "viz"], By.IMPORTED)
    assert found.plan.requirements == ("frame>=2", "plot")
    assert (found.plan.unrecorded, [one.name for one in found.plan.unmet]) == (("viz@1",), ["sole"])
    assert found.merged is not None
    assert found.merged.effects[0].recorded
    assert found.merged.effects[0].effect.unserved == ("sole",)
    imported(other, plot=1)
    LibraryUse.objects.filter(version=one).update(day=date.today() - timedelta(days=91))  # noqa: DTZ011 - UTC
    assert plan_merge(ana, ["ds", "viz"], By.IMPORTED).plan.unrecorded == ("ds@1",)


def test_what_is_lost_of_the_imports_is_told(ana: Actor, ben: Actor) -> None:
    """A choice may leave out what people import; the plan says so for its source."""
    one, _ = two(ana, ben)
    imported(one, sole=1)
    found = plan_merge(ana, ["ds", "viz"], By.ASKED, Choices(leave=frozenset({"sole"})))
    assert found.merged is not None
    assert found.merged.effects[0].lost_imports == ("sole",)


def test_requirements_that_exclude_each_other_need_a_choice(ana: Actor, ben: Actor) -> None:
    """Nothing is resolved before; the draft is refused with who wants what."""
    published(ana, ben, "ds", ["frame>=2"], {"frame": "2.1.0", "core": "1.0"})
    published(ana, ben, "viz", ["frame<2", "sole"], {"frame": "1.5.0", "core": "1.0", "sole": "1.0"})
    found = plan_merge(ana, ["ds", "viz"], By.ASKED)
    assert ([one.name for one in found.plan.exclusions], found.merged) == (["frame"], None)
    with pytest.raises(ConflictError, match=r"ds@1 asks for frame>=2, viz@1 asks for frame<2"):
        create_merge(ana, ["ds", "viz"], By.ASKED, slug="desk", title="Desk")
    taken = create_merge(
        ana, ["ds", "viz"], By.ASKED, slug="desk", title="Desk", choices=Choices(take={"frame": "ds@1"})
    )
    assert taken.parsed_spec.libraries == ("frame>=2", "sole")
    assert Event.objects.get(name=EventName.MERGE_DRAFTED).detail["left_out"] == ["frame"]


def test_a_conflict_of_what_libraries_need_comes_with_fixes_that_resolve(ana: Actor, ben: Actor) -> None:
    """Only decisions that were resolved are offered."""
    published(ana, ben, "ds", ["new", "frame>=2"], {"new": "1.0", "frame": "2.1.0", "core": "1.0"})
    published(ana, ben, "legacy", ["old", "frame"], {"old": "1.0", "frame": "1.5.0", "core": "1.0"})
    found = plan_merge(ana, ["ds", "legacy"], By.ASKED)
    assert found.merged is None
    assert found.error is not None
    assert "old" in found.error.detail
    assert found.fixes == (Fix(library="old"),)
    with pytest.raises(ConflictError, match="cannot be merged"):
        create_merge(ana, ["ds", "legacy"], By.ASKED, slug="desk", title="Desk")
    fixed = plan_merge(ana, ["ds", "legacy"], By.ASKED, found.fixes[0].applied(found.choices))
    assert fixed.merged is not None
    assert fixed.merged.effects[1].effect.unserved == ("old",)


def test_one_requirement_can_be_the_way_out(ana: Actor, ben: Actor) -> None:
    """Where sources ask differently for the same library, taking one of them may resolve."""
    published(ana, ben, "ds", ["frame>=2"], {"frame": "2.1.0", "core": "1.0"})
    published(ana, ben, "legacy", ["old", "frame"], {"old": "1.0", "frame": "1.5.0", "core": "1.0"})
    fixes = plan_merge(ana, ["ds", "legacy"], By.ASKED).fixes
    assert fixes == (Fix(library="frame", take="legacy@1"), Fix(library="frame"), Fix(library="old"))
    taken = fixes[0].applied(Choices())
    assert taken == Choices(take={"frame": "legacy@1"})
    assert plan_merge(ana, ["ds", "legacy"], By.ASKED, taken).merged is not None


def test_the_search_ends_in_time(ana: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """One result is always looked for; further attempts and fixes only while there is time."""
    monkeypatch.setattr(merge_resolution, "SECONDS", -1.0)
    two(ana, ben)
    merged = plan_merge(ana, ["ds", "viz"], By.ASKED).merged
    assert merged is not None
    published(ana, ben, "legacy", ["old"], {"old": "1.0", "frame": "1.5.0", "core": "1.0"})
    stuck = plan_merge(ana, ["ds", "legacy"], By.ASKED)
    assert (stuck.merged, stuck.fixes) == (None, ())


def test_a_common_base_stays_unless_it_cannot(ana: Actor, ben: Actor) -> None:
    """Its libraries keep their versions; without it they are asked for directly."""
    published(ana, ben, "base", ["core"], {"core": "1.1"})
    for slug, libraries in (("a", ["frame"]), ("b", ["sole"])):
        draft(ana, slug + "x", *libraries, base="base@1")
        pins = {"core": "1.1", **{"frame": {"frame": "2.1.0"}, "sole": {"sole": "1.0"}}[libraries[0]]}
        found = built(ana, slug + "x", lock=lock_of(pins))
        review.submit(ana, slug + "x", 1, "")
        review.approve(ben, slug + "x", 1, digest=found.digest)
    planned = plan_merge(ana, ["ax", "bx"], By.ASKED, Choices(python="3.9"))
    assert planned.base is not None
    assert (planned.base.reference, planned.plan.requirements, planned.base_left) == ("base@1", ("frame", "sole"), "")
    made = create_merge(ana, ["ax", "bx"], By.ASKED, slug="both", title="Both")
    assert (made.base, made.python) == (planned.base, "3.11")
    mixed = plan_merge(ana, ["ax", "base"], By.ASKED)
    assert (mixed.base, mixed.plan.requirements) == (None, ("core", "frame"))
    assert mixed.base_left == "Not all of them are built on base@1. What it installs is asked for directly."
    draft(ana, "other", "frame")
    found = built(ana, "other", lock=lock_of({"frame": "2.1.0"}))
    review.submit(ana, "other", 1, "")
    review.approve(ben, "other", 1, digest=found.digest)
    draft(ana, "cx", "sole", base="other@1")
    found = built(ana, "cx", lock=lock_of({"frame": "2.1.0", "sole": "1.0"}))
    review.submit(ana, "cx", 1, "")
    review.approve(ben, "cx", 1, digest=found.digest)
    differ = plan_merge(ana, ["ax", "cx"], By.ASKED)
    assert differ.base_left == "The bases differ: base@1, other@1. Their libraries are asked for directly."
    deprecate(ben, "base", 1, reason="old")
    left = plan_merge(ana, ["ax", "bx"], By.ASKED)
    assert (left.base, left.plan.requirements) == (None, ("core", "frame", "sole"))
    assert left.base_left.startswith("base@1 does not stay the base:")


def test_the_newest_python_that_resolves(ana: Actor, ben: Actor) -> None:
    """A Python that this machine lacks is passed over; a chosen one is the only one."""
    one, _ = two(ana, ben)
    Version.objects.filter(pk=one.pk).update(python="3.99")
    found = plan_merge(ana, ["ds", "viz"], By.ASKED)
    assert (found.plan.pythons, found.python) == (("3.99", "3.11"), "3.11")
    assert found.merged is not None
    chosen = plan_merge(ana, ["ds", "viz"], By.ASKED, Choices(python="3.99"))
    assert chosen.error is not None
    assert "3.99" in chosen.error.detail


def test_an_older_python_may_exclude_what_the_newest_takes(ana: Actor, ben: Actor) -> None:
    """Markers are judged for the Python that is tried."""
    new = 'sole>=2; python_version < "3.12"'
    one = published(ana, ben, "ds", [new], {"sole": "2.0"})
    published(ana, ben, "viz", ["sole<2"], {"sole": "1.0"})
    Version.objects.filter(pk=one.pk).update(python="3.99")
    found = plan_merge(ana, ["ds", "viz"], By.ASKED)
    assert (found.python, found.merged, [one.name for one in found.plan.exclusions]) == ("3.11", None, ["sole"])


def test_the_only_library_is_not_left_out(ana: Actor, ben: Actor) -> None:
    """Nothing would be left."""
    published(ana, ben, "ds", ["sole>=3"], {"sole": "3.0"})
    published(ana, ben, "viz", ["sole>=3"], {"sole": "3.0"})
    stuck = plan_merge(ana, ["ds", "viz"], By.ASKED)
    assert stuck.error is not None
    assert stuck.fixes == ()


def test_who_may_merge_what(ana: Actor, ben: Actor) -> None:
    """Whoever composes; two to five published versions that they may see."""
    two(ana, ben)
    draft(ben, "secret", "sole")
    with pytest.raises(NotFoundError):
        plan_merge(ana, ["ds", "secret@1"], By.ASKED)
    with pytest.raises(ForbiddenError):
        plan_merge(person("vic", Role.VIEWER), ["ds", "viz"], By.ASKED)
    for names in ([], ["ds"], ["ds", "ds@1"], ["ds"] * 21):
        with pytest.raises(InvalidInputError) as caught:
            plan_merge(ana, names, By.ASKED)
        assert caught.value.path == "versions"
    deprecate(ben, "ds", 1, reason="old")
    with pytest.raises(ConflictError, match="ds@1 is deprecated"):
        plan_merge(ana, ["ds@1", "viz"], By.ASKED)


def submitted(author: Actor, slug: str = "desk") -> Version:
    """Merge ds and viz, build and submit the draft."""
    made = create_merge(author, ["ds@1", "viz@1"], By.ASKED, slug=slug, title="Desk")
    lock = lock_of({"frame": "2.1.0", "core": "1.0", "plot": "1.0", "sole": "1.0"})
    built(author, slug, made.number, lock)
    return review.submit(author, slug, made.number, "please")


def test_publishing_deprecates_the_sources_in_one_confirmation(ana: Actor, ben: Actor) -> None:
    """The reviewer sees whom it concerns; message and end are those of all sources, the merge is their successor."""
    two(ana, ben)
    version = submitted(ana)
    shown = replaced_sources(version)
    assert [(one.version.reference, one.people, one.projects, one.remains) for one in shown] == [
        ("ds@1", ("ana",), (), ""),
        ("viz@1", (), (), ""),
    ]
    assert [row.name for row in shown[1].effect.altered] == ["frame", "core"]
    end = timezone.now() + timedelta(days=30)
    replacement = Replacement(message="One desk for all.", ends_at=end, seen=["ds@1", "viz@1"])
    review.approve(ben, "desk", 1, digest=version.digest, replacement=replacement)
    for name in ("ds@1", "viz@1"):
        found = find_reference(ana, name)
        assert (found.status, found.successor, found.reason, found.ends_at) == (
            "deprecated",
            "desk@1",
            "One desk for all.",
            end,
        )
    events = Event.objects.filter(name=EventName.VERSION_DEPRECATED).values_list("actor", "environment")
    assert set(events) == {("ben", "ds"), ("ben", "viz")}
    assert [one.remains for one in replaced_sources(find_version(ana, "desk", 1))] == ["", ""]


def test_a_source_that_changed_meanwhile_is_left_and_told(ana: Actor, ben: Actor) -> None:
    """One that is deprecated already keeps its own successor; one that was not shown stays published."""
    two(ana, ben)
    version = submitted(ana)
    deprecate(ben, "ds", 1, reason="other plans")
    assert [one.remains for one in replaced_sources(version)] == ["it is deprecated already", ""]
    review.approve(ben, "desk", 1, digest=version.digest, replacement=Replacement(seen=["ds@1"]))
    assert find_reference(ana, "ds@1").reason == "other plans"
    assert find_reference(ana, "viz@1").status == "published"


def test_every_approval_but_the_last_leaves_the_sources(ana: Actor, ben: Actor) -> None:
    """Two approvals are needed; without words, the sources say where they went."""
    two(ana, ben)
    version = submitted(ana)
    Workspace.objects.update(approvals=2)
    review.approve(ben, "desk", 1, digest=version.digest)
    assert find_reference(ana, "ds@1").status == "published"
    review.approve(person("cat", Role.REVIEWER), "desk", 1, digest=version.digest)
    found = find_reference(ana, "ds@1")
    assert (found.status, found.reason) == ("deprecated", "It is merged into desk@1.")
    assert restore(ben, "ds", 1).status == "published"


def test_an_end_that_has_passed_is_refused(ana: Actor, ben: Actor) -> None:
    """Nothing is published then."""
    two(ana, ben)
    version = submitted(ana)
    with pytest.raises(InvalidInputError) as caught:
        review.approve(ben, "desk", 1, digest=version.digest, replacement=Replacement(ends_at=timezone.now()))
    assert caught.value.path == "ends"
    assert find_version(ana, "desk", 1).status == "pending"


def test_no_rule_publishes_a_merge(ana: Actor, ben: Actor) -> None:
    """Even one that changes nothing waits for a person, since it deprecates others."""
    two(ana, ben)
    Workspace.objects.update(auto_approve=True)
    assert submitted(ana, "ds").status == "pending"
    assert find_reference(ana, "viz@1").status == "published"


def test_other_versions_replace_nothing(ana: Actor, ben: Actor) -> None:
    """Only a merge has sources; a quarantined source is deprecated like the others."""
    one, _ = two(ana, ben)
    assert replaced_sources(one) == ()
    version = submitted(ana)
    quarantine(person("root", Role.ADMIN), "viz", 1, reason="malware")
    review.approve(ben, "desk", 1, digest=version.digest)
    assert Version.objects.get(environment__slug="viz").status == "deprecated"
