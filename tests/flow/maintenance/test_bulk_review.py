"""Several versions of the review list in one confirmation: what was shown is done, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone
from support.people import person, published

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.lifecycle import Status
from assay.core.maintenance.bulk_actions import BulkAction
from assay.core.roles import Actor, Role
from assay.flow.access import find_environment, find_version
from assay.flow.maintenance import review_list
from assay.flow.maintenance.bulk_review import (
    ChangedRowsError,
    Details,
    Plan,
    Undo,
    apply_bulk,
    plan_bulk,
    undo_bulk,
)
from assay.flow.retire import deprecate, set_end
from assay.store.models import Event, KeptVersion, Launch, Run, Runtime, Server, Version
from assay.store.reads.ordering import Order
from assay.store.reads.review_items import ReviewFilters, review_rows

pytestmark = pytest.mark.django_db
People = tuple[Actor, Actor, Actor]
ALL = ("geo@1", "geo@2", "web@1")


def in_days(days: int) -> date:
    """Return a day from today."""
    return timezone.now().date() + timedelta(days=days)


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; geo@1, geo@2 and web@1 are old and listed."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    published(ana, ben, "web", ["flask"], {"flask": "3.0"})
    Version.objects.update(published_at=timezone.now() - timedelta(days=200))
    review_list.refresh(ana.workspace_id)
    return ana, ben, eva


def shown(plan: Plan) -> dict[str, str]:
    """Return the tokens that a page holds."""
    return {one.row.reference: one.token for one in plan.rows}


def seen(actor: Actor, action: BulkAction, *references: str) -> Mapping[str, str]:
    """Look at the confirmation page."""
    return shown(plan_bulk(actor, action, references or ALL))


def listed(actor: Actor) -> list[str]:
    """Return the references of the list, sorted."""
    return sorted(one.reference for one in review_rows(actor, ReviewFilters(), Order(), 99).rows)


def test_a_plan_says_what_would_be_done(people: People) -> None:
    """In the order of the selection, once each; what is not in the list is named."""
    ben = people[1]
    plan = plan_bulk(ben, BulkAction.DEPRECATE, ["web@1", "geo@1", "web@1", "geo@7", "none@1"])
    assert [one.row.reference for one in plan.rows] == ["web@1", "geo@1"]
    assert plan.gone == ("geo@7", "none@1")
    assert plan.left == len(plan.impossible) + 2
    assert plan.people == []
    assert [one.successor for one in plan.rows] == ["", "geo@2"]
    assert plan.confirmation == ""
    both = plan_bulk(ben, BulkAction.DEPRECATE, ["geo@1", "geo@2"])
    assert [one.successor for one in both.rows] == ["", ""], "both would end"


@pytest.mark.parametrize("references", [[], [f"e{number}@1" for number in range(401)]])
def test_a_selection_is_neither_empty_nor_endless(people: People, references: list[str]) -> None:
    """Up to 400 versions."""
    with pytest.raises(InvalidInputError):
        plan_bulk(people[1], BulkAction.KEEP, references)


def test_keep_and_undo(people: People) -> None:
    """Every version until the same day, for one reason."""
    ben = people[1]
    tokens = seen(ben, BulkAction.KEEP)
    with pytest.raises(InvalidInputError) as caught:
        apply_bulk(ben, BulkAction.KEEP, tokens, Details(reason="r"))
    assert caught.value.path == "day"
    plan, undo = apply_bulk(ben, BulkAction.KEEP, tokens, Details(reason="report", day=in_days(40)))
    assert len(plan.possible) == 3
    assert listed(ben) == []
    assert set(KeptVersion.objects.values_list("reason", "until")) == {("report", in_days(40))}
    assert undo_bulk(ben, undo) == 3
    assert listed(ben) == sorted(ALL)


def test_deprecate_and_undo(people: People) -> None:
    """Each with its own successor, one message and one end date; a row's successor may be another one."""
    ben = people[1]
    tokens = seen(ben, BulkAction.DEPRECATE, "geo@1", "web@1")
    details = Details(reason="clean up", day=in_days(30), successors={"web@1": " geo "})
    _, undo = apply_bulk(ben, BulkAction.DEPRECATE, tokens, details)
    for slug, successor in (("geo", "geo@2"), ("web", "geo@2")):
        version = find_version(ben, slug, 1)
        day = in_days(30)
        assert (version.status, version.successor, version.reason) == (Status.DEPRECATED, successor, "clean up")
        assert version.ends_at == datetime.combine(day, time.max, tzinfo=UTC)
    assert listed(ben) == ["geo@2"]
    undo_bulk(ben, undo)
    assert listed(ben) == sorted(ALL)


def test_nothing_is_done_when_a_row_is_another_one(people: People) -> None:
    """Its impact, its state, or that it is in the list; the plan shows which."""
    ana, ben, _ = people
    tokens = dict(seen(ben, BulkAction.DEPRECATE, "geo@1", "web@1"))
    web = find_version(ben, "web", 1)
    Launch.objects.create(
        person_id=ana.id,
        environment=web.environment,
        version=web,
        kind="studio",
        digest=web.digest,
        target_id="x",
        started_at=timezone.now() - timedelta(days=89, hours=23),
    )
    Version.objects.filter(pk=web.pk).update(python="3.9")  # stays in the list
    details = Details(reason="clean up")
    with pytest.raises(ChangedRowsError, match=r"web@1\. Nothing was done") as caught:
        apply_bulk(ben, BulkAction.DEPRECATE, tokens, details)
    assert [(one.row.reference, one.changed) for one in caught.value.plan.rows] == [("geo@1", False), ("web@1", True)]
    assert not Event.objects.filter(name="version.deprecated").exists()
    apply_bulk(ben, BulkAction.DEPRECATE, shown(caught.value.plan), details)
    with pytest.raises(ChangedRowsError, match="geo@1"):
        apply_bulk(ben, BulkAction.DEPRECATE, tokens, details)
    with pytest.raises(ChangedRowsError, match="e0@1, e1@1, e2@1, e3@1, e4@1 and 1 more"):
        apply_bulk(ben, BulkAction.KEEP, {f"e{number}@1": "" for number in range(6)}, details)


def test_nothing_is_done_when_one_fails(people: People) -> None:
    """The error names the version."""
    ben = people[1]
    tokens = seen(ben, BulkAction.DEPRECATE, "geo@1", "web@1")
    with pytest.raises(NotFoundError, match="web@1: There is no environment 'none'"):
        apply_bulk(ben, BulkAction.DEPRECATE, tokens, Details(reason="r", successors={"web@1": "none"}))
    with pytest.raises(InvalidInputError, match="geo@1: its successor web@1 is being deprecated, too"):
        apply_bulk(ben, BulkAction.DEPRECATE, tokens, Details(reason="r", successors={"geo@1": "web@1"}))
    with pytest.raises(InvalidInputError, match="geo@1: A reason is needed"):
        apply_bulk(ben, BulkAction.DEPRECATE, tokens, Details())
    day = in_days(-1)
    with pytest.raises(InvalidInputError, match="geo@1: The end is over"):
        apply_bulk(ben, BulkAction.DEPRECATE, tokens, Details(reason="r", day=day))
    assert not Event.objects.filter(name="version.deprecated").exists()


def test_an_end_date_and_its_undo(people: People) -> None:
    """For deprecated versions without one; others say why not."""
    ben = people[1]
    deprecate(ben, "geo", 1, reason="old", successor="geo@2")
    plan = plan_bulk(ben, BulkAction.END, ["geo@1", "web@1"])
    assert [one.problem for one in plan.rows] == ["", "It is published. Deprecate it first."]
    assert [one.row.reference for one in plan.impossible] == ["web@1"]
    _, undo = apply_bulk(ben, BulkAction.END, shown(plan), Details(day=in_days(10)))
    version = find_version(ben, "geo", 1)
    assert version.ends_at is not None
    event = Event.objects.filter(name="version.deprecation-changed").order_by("sequence").last()
    assert event is not None
    assert (event.detail["reason"], event.detail["ends_on"]) == ("old", str(in_days(10)))
    undo_bulk(ben, undo)
    assert find_version(ben, "geo", 1).ends_at is None
    with pytest.raises(ConflictError, match="None of these"):
        apply_bulk(ben, BulkAction.END, seen(ben, BulkAction.END, "web@1"), Details(day=in_days(10)))
    with pytest.raises(ConflictError, match="it is published"):
        set_end(ben, "web", 1, ends_at=None)
    with pytest.raises(InvalidInputError):
        set_end(ben, "geo", 1, ends_at=timezone.now())
    with pytest.raises(ForbiddenError):
        set_end(people[0], "geo", 1, ends_at=None)


def test_another_owner_and_undo(people: People) -> None:
    """Each environment once, by administrators."""
    _, ben, eva = people
    with pytest.raises(ForbiddenError):
        plan_bulk(ben, BulkAction.OWNER, ALL)
    _, undo = apply_bulk(eva, BulkAction.OWNER, seen(eva, BulkAction.OWNER), Details(owner="ben"))
    assert {find_environment(eva, slug).owner.get_username() for slug in ("geo", "web")} == {"ben"}
    assert Event.objects.filter(name="environment.owner-set").count() == 2
    assert undo_bulk(eva, undo) == 3
    assert {find_environment(eva, slug).owner.get_username() for slug in ("geo", "web")} == {"ana"}


def test_retire(people: People) -> None:
    """What is deprecated and not in use, when the words are typed; that is not undone."""
    _, ben, eva = people
    deprecate(ben, "geo", 1, reason="old")
    deprecate(ben, "web", 1, reason="old")
    start(ben, find_version(ben, "web", 1))
    with pytest.raises(ForbiddenError):
        plan_bulk(ben, BulkAction.RETIRE, ALL)
    plan = plan_bulk(eva, BulkAction.RETIRE, ALL)
    assert {one.row.reference: one.problem for one in plan.rows} == {
        "geo@1": "",
        "geo@2": "It is published. Deprecate it first.",
        "web@1": "It is in use now by 2 servers or runs.",
    }
    assert plan.confirmation == "retire 1"
    with pytest.raises(InvalidInputError) as caught:
        apply_bulk(eva, BulkAction.RETIRE, shown(plan), Details(reason="gone", typed="yes"))
    assert caught.value.path == "typed"
    _, undo = apply_bulk(eva, BulkAction.RETIRE, shown(plan), Details(reason="gone", typed=" retire 1 "))
    assert find_version(eva, "geo", 1).status == Status.RETIRED
    assert find_version(eva, "web", 1).status == Status.DEPRECATED
    with pytest.raises(ConflictError, match="cannot be undone"):
        undo_bulk(eva, undo)
    with pytest.raises(ForbiddenError):
        undo_bulk(ben, Undo(action=BulkAction.RETIRE, references=()))


def start(actor: Actor, version: Version) -> None:
    """Let a server and a run be in a version."""
    now, workspace = timezone.now(), version.environment.workspace
    common = {"person_id": actor.id, "version": version, "digest": version.digest, "created_at": now}
    Server.objects.create(id="s1", workspace=workspace, state="ready", **common)
    project = Runtime.objects.create(
        workspace=workspace,
        slug="p",
        title="p",
        kind="script",
        owner_id=actor.id,
        environment="geo",
        source={},
        created_at=now,
        updated_at=now,
    )
    Run.objects.create(runtime=project, source={}, entry="main.py", state="running", **common)
