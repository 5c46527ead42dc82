"""The review list: computed for all versions at once, every day and soon after a change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import built, draft, person, published

from assay.core.errors import ConflictError, ForbiddenError
from assay.core.maintenance.review_rules import ReasonKind, ReviewRules, Setting, read_rules
from assay.core.roles import Actor, Role
from assay.flow.maintenance import review_list
from assay.flow.maintenance.review_rules import rules_in, set_rules
from assay.flow.people import set_role
from assay.flow.retire import deprecate, retire
from assay.flow.usage.counting import count_launches
from assay.store.models import (
    DailyUse,
    Event,
    HealthIssue,
    Launch,
    Membership,
    Person,
    ProjectFacts,
    ReviewItem,
    Runtime,
    Version,
    Workspace,
)
from assay.store.reads.ordering import Order
from assay.store.reads.review_items import (
    ReviewFilters,
    ReviewRow,
    counts_by_reason,
    owners_listed,
    review_rows,
    row_document,
    rows_named,
    totals,
)

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    """Stop the time, and let a test move it."""
    review_list.forget()
    with time_machine.travel(START, tick=False) as found:
        yield found


@pytest.fixture
def people(clock: time_machine.Coordinates) -> People:
    """Return a member, a reviewer and an administrator; three environments that share nothing are published."""
    del clock
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "web", ["flask"], {"flask": "3.0"})
    published(ana, ben, "lab", ["numpy", "nose"], {"numpy": "2.0", "nose": "1.3.7"})
    return ana, ben, eva


def after(clock: time_machine.Coordinates, days: int) -> None:
    """Move the time and let the worker compute everything."""
    clock.move_to(START + timedelta(days=days))
    while review_list.advance():
        pass


def listed(actor: Actor, filters: ReviewFilters | None = None) -> dict[str, ReviewRow]:
    """Return the rows of the list by reference."""
    rows = review_rows(actor, filters or ReviewFilters(), Order(), 100).rows
    return {one.reference: one for one in rows}


def kinds(row: ReviewRow) -> list[str]:
    """Return the kinds of the reasons of a row."""
    return [one["kind"] for one in row.reasons]


def use(actor: Actor, version: Version, *, counted: bool = False) -> Launch:
    """Let somebody launch a version now; with `counted`, the worker adds it to the sums."""
    launch = Launch.objects.create(
        person_id=actor.id,
        environment=version.environment,
        version=version,
        kind="studio",
        digest=version.digest,
        target_id=str(timezone.now()),
        started_at=timezone.now(),
    )
    if counted:
        count_launches(timezone.now())
    return launch


def version_of(slug: str, number: int = 1) -> Version:
    """Return a version."""
    return Version.objects.get(environment__slug=slug, number=number)


def project(actor: Actor, slug: str, environment: str) -> Runtime:
    """Let a project name an environment or a version."""
    now = timezone.now()
    return Runtime.objects.create(
        workspace_id=actor.workspace_id,
        slug=slug,
        title=slug,
        kind="script",
        owner_id=actor.id,
        environment=environment,
        source={"kind": "inline", "files": {}},
        created_at=now,
        updated_at=now,
    )


def test_three_months_without_use(people: People, clock: time_machine.Coordinates) -> None:
    """A launch counts until 90 days later, whether it is in the daily sums or not; so does a running server."""
    ana, ben, _ = people
    after(clock, 89)
    assert listed(ben) == {}
    use(ana, version_of("geo"))
    DailyUse.objects.create(
        workspace_id=ana.workspace_id,
        environment=version_of("web").environment,
        version=version_of("web"),
        day=timezone.now().date(),
        kind="studio",
        seconds=9,
    )
    after(clock, 95)
    found = listed(ben)
    assert list(found) == ["lab@1"]
    assert found["lab@1"].words == ("Never used since it was published 95 days ago.",)
    assert (found["lab@1"].since, found["lab@1"].people) == (START.date(), 0)
    assert found["lab@1"].proposal["action"] == "deprecate"
    after(clock, 89 + 90)
    assert [(one.reference, one.people) for one in listed(ben).values()] == [
        ("lab@1", 0),
        ("geo@1", 1),
        ("web@1", 0),
    ]


def test_what_would_be_affected(people: People, clock: time_machine.Coordinates) -> None:
    """People of 90 days, projects by either name, versions built on it, bytes that nothing else needs."""
    ana, ben, _ = people
    geo = version_of("geo")
    use(ana, geo, counted=True)
    use(ben, geo)
    use(ana, geo)
    project(ana, "nightly", "geo@1")
    project(ana, "weekly", "geo")
    project(ana, "other", "web")
    after(clock, 5)
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    draft(ana, "on-geo", "attrs", base="geo@1")
    project(ana, "newest", "geo")
    after(clock, 5 + 30)
    row = listed(ben)["geo@1"]
    assert kinds(row) == ["superseded"]
    assert (row.people, row.projects, row.derived, row.frees) == (2, 1, 1, 500)
    assert row.proposal == {"action": "deprecate", "successor": "geo@2", "words": "Deprecate for geo@2"}
    assert row.title == "Geo"
    assert row_document(row)["reference"] == "geo@1"


def test_a_lock_that_another_version_has_frees_nothing(people: People, clock: time_machine.Coordinates) -> None:
    """Retiring one of two versions leaves its files in use."""
    ana, ben, _ = people
    published(ana, ben, "copy", ["six"], {"six": "1.16.0"})
    after(clock, 91)
    found = listed(ben)
    assert {name: one.frees for name, one in found.items()} == {"geo@1": 0, "copy@1": 0, "web@1": 500, "lab@1": 1000}
    assert kinds(found["geo@1"]) == ["unused", "near-duplicate"]
    assert kinds(found["copy@1"]) == ["unused"]
    assert found["geo@1"].proposal["successor"] == "copy@1"
    assert "both have the same libraries" in found["geo@1"].words[1]


def test_near_duplicates_follow_each_other(people: People, clock: time_machine.Coordinates) -> None:
    """A change of one environment lists and unlists the others, without waiting for the next day."""
    ana, ben, _ = people
    pins = {f"lib{number}": "1.0" for number in range(12)}
    published(ana, ben, "big", ["lib0", "lib1"], pins | {"extra": "1.0"})
    published(ana, ben, "small", ["lib0", "lib1"], pins | {"lib3": "2.0"})
    after(clock, 1)
    row = listed(ben)["small@1"]
    assert row.words == ("Nearly the same libraries as big@1: moving to it gains 1, changes 1.",)
    deprecate(ben, "big", 1, reason="old")
    after(clock, 1)
    assert listed(ben) == {}
    assert not review_list.advance()


def test_near_duplicates_are_computed_in_a_share_of_the_time(
    people: People, clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they take long, changes are listed at once without them, and they follow."""
    ana, ben, _ = people
    pins = {f"lib{number}": "1.0" for number in range(12)}
    published(ana, ben, "big", ["lib0", "lib1"], pins | {"extra": "1.0"})
    monkeypatch.setattr(review_list, "SHORT", -1)
    monkeypatch.setattr(review_list, "SHARE", 1e9)
    after(clock, 1)
    published(ana, ben, "small", ["lib0", "lib1"], pins | {"lib3": "2.0"})
    after(clock, 1)
    assert "small@1" not in listed(ben)
    assert not review_list.advance()
    later = monotonic() + 1e12
    monkeypatch.setattr(review_list, "monotonic", lambda: later)
    after(clock, 0)
    assert "big@1" in listed(ben)["small@1"].words[0]


@pytest.mark.usefixtures("people")
def test_it_waits_for_the_index(clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch) -> None:
    """Near-duplicates are compared when all published versions can be: nothing is listed and unlisted meanwhile."""
    monkeypatch.setattr(review_list, "is_complete", lambda _: False)
    after(clock, 100)
    assert not ReviewItem.objects.exists()
    monkeypatch.undo()
    after(clock, 100)
    assert ReviewItem.objects.exists()


def test_other_reasons(people: People, clock: time_machine.Coordinates) -> None:
    """Open findings, an ended library of the spec, a Python without fixes, an owner who left."""
    ana, ben, eva = people
    Workspace.objects.update(approval_validity={"days": 20})
    HealthIssue.objects.create(version=version_of("geo"), findings=[], opened_at=timezone.now())
    for name, status in (("nose", "archived"), ("flask", "active")):
        ProjectFacts.objects.create(name=name, document={"status": status}, fetched_at=timezone.now())
    Version.objects.filter(environment__slug="web").update(python="3.9.2")
    after(clock, 15)
    found = listed(ben)
    assert {name: kinds(one) for name, one in found.items()} == {
        "web@1": ["python-ended"],
        "geo@1": ["needs-attention"],
        "lab@1": ["library-ended"],
    }
    assert found["lab@1"].since == timezone.now().date()
    Membership.objects.filter(person_id=ana.id).delete()
    after(clock, 20)
    assert kinds(listed(ben)["lab@1"]) == ["library-ended", "approval-expired", "owner-left"]
    assert listed(ben)["lab@1"].since == START.date() + timedelta(days=15)
    Membership.objects.create(workspace_id=eva.workspace_id, person_id=ana.id, role=Role.MEMBER)
    Person.objects.filter(pk=ana.id).update(is_active=False)
    Version.objects.filter(environment__slug="lab").update(renewed_at=timezone.now())
    after(clock, 21)
    assert kinds(listed(ben)["lab@1"]) == ["library-ended", "owner-left"]


def test_deprecated_versions(people: People, clock: time_machine.Coordinates) -> None:
    """Without an end date after 30 days, from the last event or else the publication; with one never."""
    _, ben, eva = people
    deprecate(ben, "geo", 1, reason="old")
    deprecate(ben, "web", 1, reason="old", ends_at=START + timedelta(days=200))
    Version.objects.filter(environment__slug="lab").update(status="deprecated")  # as a backup may leave it
    after(clock, 29)
    assert listed(ben) == {}
    after(clock, 30)
    assert {name: one.proposal["action"] for name, one in listed(ben).items()} == {
        "geo@1": "retire",
        "lab@1": "retire",
    }
    retire(eva, "geo", 1, reason="gone")
    after(clock, 30)
    assert list(listed(ben)) == ["lab@1"]


def test_pages_need_not_wait_for_the_worker(people: People, clock: time_machine.Coordinates) -> None:
    """What changed since it was computed is computed before it is shown."""
    _, ben, _ = people
    after(clock, 100)
    assert len(listed(ben)) == 3
    clock.move_to(START + timedelta(days=100, seconds=1))
    deprecate(ben, "geo", 1, reason="old", ends_at=START + timedelta(days=200))
    review_list.refresh_stale(ben.workspace_id)
    assert len(listed(ben)) == 2
    with CaptureQueriesContext(connection) as queries:
        review_list.refresh_stale(ben.workspace_id)
    assert len(queries) == 1


def test_the_worker_computes_what_changed(people: People, clock: time_machine.Coordinates) -> None:
    """Nothing without events, the named environments after some, all of them after a change of rules or members."""
    _, ben, eva = people
    after(clock, 100)
    ReviewItem.objects.all().delete()
    after(clock, 100)
    assert listed(ben) == {}
    deprecate(ben, "geo", 1, reason="old")
    after(clock, 100)
    assert list(listed(ben)) == ["geo@1"]
    set_role("ana", Role.VIEWER, by="eva")
    after(clock, 100)
    assert len(listed(ben)) == 3
    rules = ReviewRules(settings={ReasonKind.UNUSED: Setting(on=False)})
    set_rules(eva, rules)
    assert listed(ben) == {}


def test_many_changes_and_another_log_compute_everything(
    people: People, clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As does a log that does not continue the one that was read."""
    _, ben, _ = people
    after(clock, 100)
    monkeypatch.setattr(review_list, "MOST_CHANGED", 1)
    ReviewItem.objects.all().delete()
    deprecate(ben, "geo", 1, reason="old")
    deprecate(ben, "web", 1, reason="old")
    after(clock, 100)
    assert len(listed(ben)) == 3
    ReviewItem.objects.all().delete()
    Workspace.objects.update(event_count=1, event_head="other")
    after(clock, 100)
    after(clock, 100)
    assert len(listed(ben)) == 3


def test_batches(people: People, clock: time_machine.Coordinates, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker computes one batch per step; each takes the same number of queries, whatever is in it."""
    ana, ben, _ = people
    monkeypatch.setattr("assay.store.reads.review_facts.BATCH_SIZE", 2)
    clock.move_to(START + timedelta(days=100))
    assert review_list.advance()
    assert len(listed(ben)) == 2
    assert not review_list.advance()
    assert len(listed(ben)) == 3
    monkeypatch.setattr("assay.store.reads.review_facts.BATCH_SIZE", 400)
    counts = []
    for number in range(2):
        review_list.refresh(ana.workspace_id)  # reads the index
        with CaptureQueriesContext(connection) as queries:
            review_list.refresh(ana.workspace_id)
        counts.append(len(queries))
        for slug in "abcdefgh":
            published(ana, ben, f"{slug}{number}", [slug], {slug: f"{number}.0"})
    assert counts[0] == counts[1] <= 22, counts


def test_an_environment_without_versions_is_left_out(people: People, clock: time_machine.Coordinates) -> None:
    """A draft is nothing to review."""
    ana, ben, _ = people
    draft(ana, "new", "attrs")
    built(ana, "new")
    after(clock, 100)
    assert "new@1" not in listed(ben)
    assert review_list.refresh(ana.workspace_id, [version_of("new").environment_id]) == 0


def test_filters_and_totals(people: People, clock: time_machine.Coordinates) -> None:
    """By reason, owner, and a part of the name or the title."""
    _, ben, _ = people
    HealthIssue.objects.create(version=version_of("geo"), findings=[], opened_at=timezone.now())
    after(clock, 100)
    for filters, names in (
        (ReviewFilters(reason="needs-attention"), ["geo@1"]),
        (ReviewFilters(reason="superseded"), []),
        (ReviewFilters(owner="ana"), ["geo@1", "lab@1", "web@1"]),
        (ReviewFilters(owner="ben"), []),
        (ReviewFilters(text="Ge"), ["geo@1"]),
        (ReviewFilters(text="ge@1"), ["geo@1"]),
        (ReviewFilters(text="geo@2"), []),
        (ReviewFilters(text="geo@x"), []),
        (ReviewFilters(text="eo@"), ["geo@1"]),
        (ReviewFilters(kept=True), []),
    ):
        assert sorted(listed(ben, filters)) == names, filters
        assert totals(ben, filters).versions == len(names)
    assert totals(ben, ReviewFilters()).frees == 2000
    assert {name: count for name, count in counts_by_reason(ben, ReviewFilters(reason="x")).items() if count} == {
        "unused": 3,
        "needs-attention": 1,
    }
    assert owners_listed(ben) == ["ana"]
    by_size = review_rows(ben, ReviewFilters(), Order(name="frees", descending=True), 1).rows
    assert [one.reference for one in by_size] == ["lab@1"]
    assert list(rows_named(ben, ["geo@1", "geo@9", "web@1"])) == ["geo@1", "web@1"]


def test_rules_are_changed_by_administrators(people: People, clock: time_machine.Coordinates) -> None:
    """The event names what changed; saving the same again records nothing; who saw other rules is refused."""
    _, ben, eva = people
    after(clock, 50)
    rules = read_rules({"unused": {"days": 40}})
    with pytest.raises(ForbiddenError):
        set_rules(ben, rules)
    preview = review_list.preview_rules(eva.workspace_id, rules)
    assert (preview.versions, preview.listed, preview.by_kind) == (3, 3, {ReasonKind.UNUSED: 3})
    seen = rules_in(eva).to_dict()
    set_rules(eva, rules, seen=seen)
    set_rules(eva, rules)
    event = Event.objects.get(name="workspace.set")
    assert event.detail == {"review_rules": {"unused": {"on": True, "days": 40}}}
    assert rules_in(ben).to_dict() == rules.to_dict()
    assert len(listed(ben)) == 3
    with pytest.raises(ConflictError):
        set_rules(eva, ReviewRules(), seen=seen)


def test_workspaces_are_apart(people: People, clock: time_machine.Coordinates) -> None:
    """Each has its own list."""
    person("zoe", Role.ADMIN, "other")
    zoe = Actor(id=0, name="zoe", role=Role.ADMIN, workspace_id=Workspace.objects.get(slug="other").pk)
    after(clock, 100)
    assert len(listed(people[1])) == 3
    assert listed(zoe) == {}
    assert rows_named(zoe, ["geo@1"]) == {}
