"""A state machine drives people through the lifecycle and compares with the table after every step."""

from __future__ import annotations

from typing import Any

from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TransactionTestCase as HypothesisCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support.people import built, draft, lock_of, person, spec_input

from assay.core.errors import AssayError, NotFoundError
from assay.core.lifecycle import Action, Status, VersionState, decide
from assay.core.roles import Actor, Role, may_see
from assay.flow import retire
from assay.flow.access import find_version, visible_versions
from assay.flow.compose import draft as drafting
from assay.flow.maintenance.reinstate import reinstate
from assay.flow.review import review
from assay.store.audit_log import verify
from assay.store.models import Environment, Event, Version, Workspace

NAMES = ("vic", "ana", "eva", "ben", "bob", "adm")
ROLES = (Role.VIEWER, Role.MEMBER, Role.MEMBER, Role.REVIEWER, Role.REVIEWER, Role.ADMIN)
who = st.sampled_from(NAMES)


class Lifecycle(RuleBasedStateMachine):
    """One environment of ana's; anybody tries anything."""

    @initialize()
    def start(self) -> None:
        """Make everybody, and ana's draft, built."""
        self.people = {name: person(name, role) for name, role in zip(NAMES, ROLES, strict=True)}
        draft(self.people["ana"], "geo")
        self.version = built(self.people["ana"], "geo")
        self.status, self.rounds = Status.DRAFT, 0

    def attempt(self, action: Action, name: str, do: Any, words: str = "because") -> None:  # noqa: ANN401 - a use case
        """Do something and expect exactly what the table says."""
        actor: Actor = self.people[name]
        current = Version.objects.select_related("lock").get(pk=self.version.pk)
        state = VersionState(status=Status(current.status), author_id=current.author_id, digest=current.digest)
        expected: type[AssayError] | None = None
        try:
            move = decide(action, state, actor, words=words)
        except AssayError as error:
            expected = type(error)
        before = Event.objects.count()
        try:
            do(actor)
        except AssayError as error:
            refused: type[AssayError] | None = type(error)
            after = Event.objects.count()
        else:
            refused, after = None, Event.objects.count()
            self.status = move.row.target or self.status
        assert refused is expected, (action, name, refused, expected)
        assert (after > before) == (refused is None)

    @rule(name=who)
    def submit(self, name: str) -> None:
        """Somebody submits."""
        self.attempt(Action.SUBMIT, name, lambda actor: review.submit(actor, "geo", 1, "please"))

    @rule(name=who)
    def withdraw(self, name: str) -> None:
        """Somebody withdraws."""
        self.attempt(Action.WITHDRAW, name, lambda actor: review.withdraw(actor, "geo", 1))

    @rule(name=who)
    def approve(self, name: str) -> None:
        """Somebody approves what they see."""
        digest = self.version.digest
        self.attempt(Action.APPROVE, name, lambda actor: review.approve(actor, "geo", 1, digest=digest))

    @rule(name=who, words=st.sampled_from(["", "raise it"]))
    def reject(self, name: str, words: str) -> None:
        """Somebody rejects, with or without words."""
        self.attempt(Action.REJECT, name, lambda actor: review.reject(actor, "geo", 1, feedback=words), words)

    @rule(name=who)
    def deprecate(self, name: str) -> None:
        """Somebody deprecates."""
        self.attempt(Action.DEPRECATE, name, lambda actor: retire.deprecate(actor, "geo", 1, reason="old"))

    @rule(name=who)
    def restore(self, name: str) -> None:
        """Somebody restores."""
        self.attempt(Action.RESTORE, name, lambda actor: retire.restore(actor, "geo", 1))

    @rule(name=who, reason=st.sampled_from(["", "older still"]))
    def change_deprecation(self, name: str, reason: str) -> None:
        """Somebody changes the deprecation, with or without a reason."""
        before = Version.objects.get(pk=self.version.pk).reason
        if reason and reason == before:
            return  # nothing changes, so there is no event
        self.attempt(
            Action.CHANGE_DEPRECATION,
            name,
            lambda actor: retire.change_deprecation(actor, "geo", 1, reason=reason),
            reason,
        )

    @rule(name=who)
    def reinstate(self, name: str) -> None:
        """Somebody reinstates."""
        self.attempt(Action.REINSTATE, name, lambda actor: reinstate(actor, "geo", 1))

    @rule(name=who)
    def retire(self, name: str) -> None:
        """Somebody retires."""
        self.attempt(Action.RETIRE, name, lambda actor: retire.retire(actor, "geo", 1, reason="gone"))

    @rule(name=who)
    def edit_without_change(self, name: str) -> None:
        """Somebody sends the same spec again: allowed or not as the table says, and nothing changes."""
        actor = self.people[name]
        try:
            drafting.edit_spec(actor, "geo", 1, spec_input("six"))
        except AssayError:
            assert not (name == "ana" and self.status is Status.DRAFT)
        else:
            assert name == "ana"
            assert self.status is Status.DRAFT

    @invariant()
    def the_status_is_the_one_expected(self) -> None:
        """Rows say what the model says, and the environment points to what is published."""
        if not hasattr(self, "version"):
            return
        current = Version.objects.get(pk=self.version.pk)
        assert current.status == self.status
        newest = Environment.objects.get(slug="geo").active_id
        assert (newest == current.pk) == (self.status in {Status.PUBLISHED, Status.DEPRECATED})

    @invariant()
    def everybody_sees_what_they_may(self) -> None:
        """Sight follows the table for every person."""
        if not hasattr(self, "version"):
            return
        environment = Environment.objects.get(slug="geo")
        for actor in self.people.values():
            may = may_see(actor, status=self.status, author_id=self.people["ana"].id)
            assert bool(visible_versions(actor, environment)) == may
            try:
                find_version(actor, "geo", 1)
            except NotFoundError:
                assert not may
            else:
                assert may

    @invariant()
    def the_trail_holds(self) -> None:
        """Walk the chain of events: it is whole."""
        for workspace in Workspace.objects.all():
            assert verify(workspace) is None


class TestLifecycle(HypothesisCase, TransactionTestCase):
    """Each example starts from an empty database."""

    def test_people_move_a_version_only_as_the_table_says(self) -> None:
        """Law 3, the roles and the table, under any order of actions by anybody."""
        case = self

        class Machine(Lifecycle):
            def __init__(self) -> None:
                super().__init__()
                case._fixture_teardown()

        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=8,
                stateful_step_count=18,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_the_machine_knows_every_action() -> None:
    """A new row of the table needs a new rule here."""
    tried = {Action.SUBMIT, Action.WITHDRAW, Action.APPROVE, Action.REJECT, Action.EDIT}
    tried |= {Action.DEPRECATE, Action.CHANGE_DEPRECATION, Action.RESTORE, Action.RETIRE, Action.REINSTATE}
    assert set(Action) - tried == {Action.BUILD, Action.DELETE}  # in test_drafts.py and test_builds.py
    assert lock_of({"six": "1"}).digest
