"""The policy of a workspace: its revisions, and reading one from rules or YAML."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from django.db import transaction
from support.people import built, draft, lock_of, person, published

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny
from assay.core.policy.policy import DEFAULT, Policy
from assay.core.roles import Actor, Role
from assay.flow.assess import policy as policies
from assay.flow.assess.policy import (
    current_policy,
    policy_in,
    policy_of,
    policy_yaml,
    preview_policy,
    read_policy,
    revise,
    revisions,
)
from assay.flow.review.review import submit
from assay.store.models import Event, PolicyRevision

pytestmark = pytest.mark.django_db
NO_SIX = Policy(rules=(Deny(library="six", effect=Effect.BLOCK),))
WARNED = Policy(rules=(Deny(library="six", effect=Effect.WARN), Deny(library="idna", effect=Effect.NOTE)))


@pytest.fixture
def eva() -> Actor:
    """Return an administrator."""
    return person("eva", Role.ADMIN)


def test_every_revision_can_be_read_again(eva: Actor) -> None:
    """Number 0 is the default; one that never was, or is another workspace's, is not found."""
    revise(eva, NO_SIX, seen=0, note=" no six ")
    revise(eva, WARNED, seen=1)
    assert [(one.number, one.note, policy_in(one)) for one in revisions(eva.workspace_id)] == [
        (2, "", WARNED),
        (1, "no six", NO_SIX),
    ]
    assert (policy_of(eva, 0), policy_of(eva, 1), policy_of(eva, 2)) == (DEFAULT, NO_SIX, WARNED)
    for actor, number in ((eva, 3), (person("olga", Role.ADMIN, "other"), 1)):
        with pytest.raises(NotFoundError, match=f"no revision {number}"):
            policy_of(actor, number)


def test_two_who_save_at_once_make_one_revision(eva: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one is told, by the database's own rule; nothing of theirs is kept."""
    atomic = transaction.atomic

    def after_another() -> AbstractContextManager[object]:
        monkeypatch.setattr(policies.transaction, "atomic", atomic)
        revise(eva, NO_SIX, seen=0)
        return atomic()

    monkeypatch.setattr(policies.transaction, "atomic", after_another)
    with pytest.raises(ConflictError, match="at revision 1 now") as caught:
        revise(eva, WARNED, seen=0)
    assert caught.value.path == "revision"
    assert current_policy(eva.workspace_id).policy == NO_SIX
    assert (PolicyRevision.objects.count(), Event.objects.filter(name="policy.revised").count()) == (1, 1)


def test_only_administrators_change_or_preview_it() -> None:
    """A reviewer may not."""
    ben = person("ben", Role.REVIEWER)
    for act in (lambda: revise(ben, NO_SIX, seen=0), lambda: preview_policy(ben, NO_SIX)):
        with pytest.raises(ForbiddenError):
            act()


def test_a_preview_names_what_it_stops_and_counts_what_it_warns_of(eva: Actor) -> None:
    """What is published and what waits; drafts are their author's. Nothing changes."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    draft(ana, "wait", "six")
    built(ana, "wait", lock=lock_of({"six": "1.16.0", "idna": "2.8"}))
    submit(ana, "wait", 1, "please")
    draft(ana, "mine", "six")
    built(ana, "mine", lock=lock_of({"six": "1.16.0"}))
    stopping = preview_policy(eva, NO_SIX)
    assert (stopping.looked_at, stopping.references, stopping.warned) == (2, {"geo@1", "wait@1"}, 0)
    warning = preview_policy(eva, WARNED)
    assert (warning.looked_at, warning.references, warning.warned) == (2, frozenset(), 2)
    assert warning.by_rule == {WARNED.rules[0].sentence: 2}
    assert current_policy(eva.workspace_id).revision == 0


def test_a_policy_is_read_from_rules_or_from_yaml(eva: Actor) -> None:
    """One of the two, and never without a rule."""
    text = policy_yaml(revise(eva, NO_SIX, seen=0))
    assert read_policy(None, text) == NO_SIX
    assert read_policy([{"kind": "deny", "library": "six", "effect": "block"}], None) == NO_SIX
    for rules, yaml in ((None, None), ([], text)):
        with pytest.raises(InvalidInputError, match="Give rules or yaml"):
            read_policy(rules, yaml)
    with pytest.raises(InvalidInputError, match="at least one rule") as caught:
        read_policy([], None)
    assert caught.value.path == "rules"
