"""A state machine publishes, pilots, starts, ends and chooses versions, and checks what the name means after each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from django.test import TransactionTestCase
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TransactionTestCase as HypothesisCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support.people import person
from support.rollouts import rolled_out, server
from support.sort_columns import check_sort_columns

from assay.core.errors import AssayError
from assay.core.lifecycle import Status
from assay.core.maintenance.rollout import HELD_BACK, RolloutAction, RolloutPlan
from assay.core.roles import Role
from assay.flow import retire
from assay.flow.access import meant_version
from assay.flow.maintenance import rollouts
from assay.store.audit_log import verify
from assay.store.models import Environment, Event, Rollout, Version, Workspace

number = st.integers(1, 5)
LIVE = (Status.PUBLISHED, Status.DEPRECATED)


class CrashError(Exception):
    """The process dies in the middle of a step."""


class Names(RuleBasedStateMachine):
    """One environment; a pilot of eve; anything happens in any order."""

    @initialize()
    def start(self) -> None:
        """Publish the first version."""
        self.ana, self.eve = person("ana"), person("eve")
        self.ben, self.adm = person("ben", Role.REVIEWER), person("adm", Role.ADMIN)
        rolled_out(self.ana, self.ben, "geo")
        self.halted: set[int] = set()

    def do(self, act: Callable[[], object]) -> None:
        """Do something that may be refused; what is refused changes nothing."""
        before = Event.objects.count()
        try:
            act()
        except AssayError:
            assert Event.objects.count() == before

    @rule(pilot=st.booleans(), days=st.integers(0, 2))
    def publish(self, *, pilot: bool, days: int) -> None:
        """Publish the next version, to everyone or to the pilot first."""
        plan = RolloutPlan(people=("eve",), starts=3, days=days) if pilot else RolloutPlan()
        if Environment.objects.get(slug="geo").last_number < 5 and self.environment().active:
            self.do(lambda: rolled_out(self.ana, self.ben, "geo", plan))

    @rule(which=number, good=st.booleans())
    def start_something(self, which: int, *, good: bool) -> None:
        """Start a server in a version, well or not."""
        version = Version.objects.select_related("environment__workspace").filter(number=which).first()
        if version:
            server(version, state="ready" if good else "failed")

    @rule(days=st.integers(0, 5))
    def work(self, days: int) -> None:
        """Let a worker count, now or some days later."""
        rollouts.advance(timezone.now() + timedelta(days=days))

    @rule()
    def crash(self) -> None:
        """Let a worker die when it records what it did."""
        before = self.state()
        events = Event.objects.count()
        broken = patch.object(rollouts, "record_version", side_effect=CrashError)
        also = patch("assay.store.active_version.record", side_effect=CrashError)
        with broken, also, suppress(CrashError):
            rollouts.advance()
        if Event.objects.count() == events:
            assert self.state() == before

    @rule(which=number)
    def choose(self, which: int) -> None:
        """Let a reviewer choose a version."""
        self.do(lambda: rollouts.set_active(self.ben, "geo", which, reason="better"))
        self.forgive()

    @rule(action=st.sampled_from(RolloutAction))
    def decide(self, action: RolloutAction) -> None:
        """Let a reviewer complete, stop or resume."""
        self.do(lambda: rollouts.change_rollout(self.ben, "geo", action, reason="fine"))
        self.forgive()

    @rule(which=number)
    def deprecate(self, which: int) -> None:
        """Deprecate a version. While another published one is active, the name stays."""
        self.unmoved(which, lambda: retire.deprecate(self.ben, "geo", which, reason="old"))

    @rule(which=number)
    def retire(self, which: int) -> None:
        """Retire a version."""
        self.unmoved(which, lambda: retire.retire(self.adm, "geo", which, reason="old", force=True))

    @rule(which=number)
    def restore(self, which: int) -> None:
        """Restore a version."""
        self.do(lambda: retire.restore(self.ben, "geo", which))

    def unmoved(self, which: int, act: Callable[[], object]) -> None:
        """End a version; the name does not leave another one that is published."""
        before = self.environment().active
        self.do(act)
        if before is not None and before.number != which and before.status == Status.PUBLISHED:
            assert self.environment().active == before

    def forgive(self) -> None:
        """Forget the halted roll-outs on which a person has decided."""
        states = dict(Rollout.objects.values_list("version__number", "state"))
        self.halted = {one for one in self.halted if states[one] == "halted"}

    def environment(self) -> Environment:
        """Return the environment as it is now."""
        return Environment.objects.select_related("active", "rollout__version").get(slug="geo")

    def state(self) -> tuple[object, ...]:
        """Return what a crash must leave as it was."""
        found = self.environment()
        return (found.active_id, found.rollout_id, *Rollout.objects.order_by("pk").values_list("pk", "state"))

    @invariant()
    def the_name_means_what_is_in_use(self) -> None:
        """Expect a published version, else a deprecated one, else none; never one that is held back."""
        if not hasattr(self, "halted"):
            return
        found = self.environment()
        versions = list(Version.objects.filter(status__in=LIVE).select_related("rollout"))
        free = [one for one in versions if not hasattr(one, "rollout") or one.rollout.state not in HELD_BACK]
        published = [one for one in free if one.status == Status.PUBLISHED]
        if found.active is None:
            assert not free
        else:
            assert found.active in (published or free)

    @invariant()
    def a_halted_roll_out_stays_halted(self) -> None:
        """Until a person decides, or its version ends or is replaced: it never completes, nor goes on."""
        if not hasattr(self, "halted"):
            return
        states = dict(Rollout.objects.values_list("version__number", "state"))
        assert all(states[one] in {"halted", "stopped"} for one in self.halted)
        self.halted |= {one for one, state in states.items() if state == "halted"}

    @invariant()
    def the_roll_out_of_an_environment_is_its_open_one(self) -> None:
        """At most one is open; the pilot group gets its version, and everybody else the active one."""
        if not hasattr(self, "halted"):
            return
        found = self.environment()
        opened = list(Rollout.objects.filter(state__in=["pilot", "halted"]))
        assert opened == ([found.rollout] if found.rollout else [])
        for one in opened:
            assert one.version.status == Status.PUBLISHED
        assert meant_version(self.ana, found) == found.active
        pilot = found.rollout.version if found.rollout and found.rollout.state == "pilot" else found.active
        assert meant_version(self.eve, found) == pilot

    @invariant()
    def the_catalogue_sorts_by_what_is_shown(self) -> None:
        """Expect what an environment repeats of its version to follow that, and the name."""
        check_sort_columns()

    @invariant()
    def the_audit_log_holds(self) -> None:
        """Its chain is whole, and automatic steps have their rule as the actor."""
        if not hasattr(self, "halted"):
            return
        assert verify(Workspace.objects.get()) is None
        assert {one.actor for one in Event.objects.filter(name="rollout.halted")} <= {"assay"}


class TestNames(HypothesisCase, TransactionTestCase):
    """Each example starts from an empty database."""

    def test_a_name_always_means_a_version_that_is_in_use(self) -> None:
        """The law of the pointer, and: a halted roll-out never goes on by itself."""
        case = self

        class Machine(Names):
            def __init__(self) -> None:
                super().__init__()
                case._fixture_teardown()

        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=8,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
