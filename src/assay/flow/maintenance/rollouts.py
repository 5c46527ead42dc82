"""Roll-outs: who gets a published version by the environment's name, and when; people's and automatic steps.

Each step locks the environment, so that two people or two workers never decide at once. A halted roll-out goes on
only by a person's action.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.events import AUTOMATIC, EventName
from assay.core.lifecycle import Health, Status
from assay.core.maintenance.rollout import (
    ALLOWED_FROM,
    HELD_BACK,
    Figures,
    RolloutAction,
    RolloutPlan,
    RolloutState,
    Verdict,
    check_plan,
    takes_over,
    verdict,
)
from assay.core.review.decision import check_text
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_environment, find_version
from assay.flow.maintenance.waves import base_moved
from assay.store.active_version import end_rollout, locked_environment, point_to, record_active, repair
from assay.store.audit_log import record_version
from assay.store.models import Environment, Membership, Rollout, Version
from assay.store.reads.rollouts import count_starts, figures_in, groups_in, member_names, pilot_members, plan_of


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Whom a version reaches by its environment's name when it is published, as a sentence."""

    words: str
    first: int | None = None
    others: int = 0


def check_for(workspace_id: int, plan: RolloutPlan) -> RolloutPlan:
    """Return a plan that is valid in a workspace. Raises InvalidInputError with the path of the field."""
    return check_plan(plan, members=member_names(workspace_id), groups=groups_in(workspace_id))


def plan_for(version: Version, wanted: RolloutPlan | None) -> RolloutPlan:
    """Return the plan of a submission: what its author wants, else the workspace's. Raises InvalidInputError.

    Without an active version nobody has anything to keep, so such a version goes to everyone at once.
    """
    environment = version.environment
    if wanted is None:
        return RolloutPlan.from_dict(environment.workspace.rollout) if environment.active_id else RolloutPlan()
    plan = check_for(environment.workspace_id, wanted)
    if not plan.everyone and environment.active_id is None:
        raise InvalidInputError(
            f"{environment.slug} has no active version that the others could keep.",
            hint="Let its first version go to everyone.",
            path="rollout",
        )
    return plan


def reach_of(version: Version, plan: RolloutPlan) -> Reach:
    """Return whom a version will reach when it is published: two queries at most."""
    environment = version.environment
    active, rollout = environment.active, environment.rollout
    members = Membership.objects.filter(workspace_id=environment.workspace_id, person__is_active=True).count()
    pilot = rollout.version.number if rollout and rollout.state == RolloutState.PILOT else None
    if not takes_over(version.number, active=active.number if active else None, pilot=pilot):
        newer = max(active.number if active else 0, pilot or 0)
        return Reach(words=f"{environment.slug} does not change: {environment.slug}@{newer} is newer.")
    if plan.everyone or active is None:
        return Reach(words=f"Goes to everyone: {_people(members)}.")
    first = len(pilot_members(environment.workspace_id, plan))
    others = max(0, members - first)
    keep = f"1 other keeps {active.reference}" if others == 1 else f"{others:,} others keep {active.reference}"
    words = f"Goes to {_people(first)} ({plan.who}) first; {keep} until {plan.until}."
    return Reach(words=words, first=first, others=others)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def publish_by_name(version: Version, plan: RolloutPlan, actor: str) -> None:
    """Let the name of the environment stand for a version that was just published, or start its roll-out.

    The caller has a transaction. A version that is older than the active one, or than one in its pilot, changes
    nothing.
    """
    environment = locked_environment(version.environment_id)
    active, rollout = environment.active, environment.rollout
    pilot = rollout.version.number if rollout and rollout.state == RolloutState.PILOT else None
    in_use = active.number if active and active.status == Status.PUBLISHED else None
    if takes_over(version.number, active=in_use, pilot=pilot):
        end_rollout(environment, RolloutState.STOPPED, AUTOMATIC, reason=f"{version.reference} replaces it.")
        if plan.everyone or active is None:
            point_to(environment, version)
        else:
            _start(environment, version, plan, actor)
    repair(environment)
    if environment.active != active:
        base_moved(environment)


def _start(environment: Environment, version: Version, plan: RolloutPlan, actor: str) -> None:
    rollout = Rollout.objects.create(
        version=version,
        before=environment.active,
        people=list(plan.people),
        groups=list(plan.groups),
        starts_needed=plan.starts,
        days_needed=plan.days,
        state=RolloutState.PILOT,
        started_at=timezone.now(),
    )
    Environment.objects.filter(pk=environment.pk).update(rollout=rollout)
    before = environment.active.reference if environment.active else ""
    record_version(
        EventName.ROLLOUT_STARTED, version, actor, **plan.to_dict(), before=before, until=plan.until, who=plan.who
    )


def advance(now: datetime | None = None) -> bool:
    """Count the starts of every pilot, and complete or halt it. Returns whether there is any pilot."""
    running = Rollout.objects.filter(state=RolloutState.PILOT).order_by("pk")
    found = list(running.select_related("version__environment", "version__lock", "before__environment"))
    for rollout in found:
        _step(rollout, now or timezone.now())
    return bool(found)


def _step(rollout: Rollout, now: datetime) -> None:
    """Decide on one pilot from its figures; nothing happens if it was changed while they were counted."""
    figures, wrong = count_starts(rollout), unsound(rollout.version)
    found = Verdict.HALT if wrong else verdict(plan_of(rollout), figures, started=rollout.started_at, now=now)
    counted = {name: value for name, value in asdict(figures).items() if name != "last_failure"}
    if found is Verdict.CONTINUE and counted == {name: getattr(rollout, name) for name in counted}:
        return
    with transaction.atomic():
        environment = locked_environment(rollout.version.environment_id)
        current = environment.rollout
        same = current is not None and current.pk == rollout.pk and current.started_at == rollout.started_at
        if current is None or not same or current.state != RolloutState.PILOT:
            return
        Rollout.objects.filter(pk=rollout.pk).update(**counted)
        if found is Verdict.HALT:
            _halt(rollout, wrong or figures.words, figures, now)
        elif found is Verdict.COMPLETE:
            _complete(environment, current, AUTOMATIC, f"{plan_of(rollout).until}: {figures.words}.", figures)


def unsound(version: Version) -> str:
    """Return why a version cannot be launched by anybody, '' if it can."""
    if version.health == Health.QUARANTINED:
        return f"{version.reference} is quarantined"
    drifted = version.lock is not None and version.lock.drift is not None
    return f"Files of {version.reference} changed after the build" if drifted else ""


def _halt(rollout: Rollout, reason: str, figures: Figures, now: datetime) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(state=RolloutState.HALTED, ended_at=now, message=reason)
    record_version(EventName.ROLLOUT_HALTED, rollout.version, AUTOMATIC, reason=reason, **_numbers(figures))


def _complete(environment: Environment, rollout: Rollout, actor: str, reason: str, figures: Figures) -> None:
    """Let the name stand for the version of the open roll-out. The caller holds the lock."""
    before = environment.active.number if environment.active else None
    point_to(environment, rollout.version)
    end_rollout(environment, RolloutState.COMPLETED, actor, reason=reason, **{"from": before, **_numbers(figures)})
    base_moved(environment)


def _numbers(figures: Figures) -> dict[str, int]:
    return {
        "starts": figures.starts,
        "failures": figures.failures,
        "starts_before": figures.starts_before,
        "failures_before": figures.failures_before,
    }


def is_in_pilot(version: Version) -> bool:
    """Return whether only a pilot group gets a version by its environment's name now."""
    return Rollout.objects.filter(version=version, state=RolloutState.PILOT).exists()


def find_rollout(actor: Actor, slug: str) -> Rollout:
    """Return the roll-out of an environment that is in its pilot or halted. Raises NotFoundError."""
    environment = find_environment(actor, slug)
    if environment.rollout is None:
        raise NotFoundError(f"{slug} has no roll-out in progress.", hint="Publish a version with a pilot group.")
    return environment.rollout


def last_rollout(actor: Actor, slug: str) -> Rollout:
    """Return the open roll-out of an environment, else its last one. Raises NotFoundError when it never had one."""
    environment = find_environment(actor, slug)
    past = Rollout.objects.filter(version__environment=environment).select_related("version", "before")
    found = environment.rollout or past.order_by("-version__number").first()
    if found is None:
        raise NotFoundError(f"{slug} has had no roll-out.", hint="Publish a version with a pilot group.")
    return found


def change_rollout(
    actor: Actor, slug: str, action: RolloutAction, *, reason: str = "", seen: tuple[int, str] | None = None
) -> Environment:
    """Complete, stop or resume a roll-out. `seen` is the number of its version and its state, if a page showed them.

    Resuming a halted one, and giving it to everyone, needs a reason; resuming counts from the beginning. Raises
    ConflictError when the state is not the one that was seen, or does not allow the action.
    """
    rollout = find_rollout(actor, slug)
    check_right(actor, Right.REVIEW)
    reason = check_text(reason, "reason")
    with transaction.atomic():
        environment = locked_environment(rollout.version.environment_id)
        current = environment.rollout
        if current is None or (seen is not None and seen != (current.version.number, current.state)):
            raise ConflictError("The roll-out has changed meanwhile.", hint="Load the page again.")
        if current.state not in ALLOWED_FROM[action]:
            raise ConflictError(f"To {action} it must be halted; it is in its pilot.", hint="Load the page again.")
        _check_reason(current, action, reason)
        if action is RolloutAction.STOP:
            end_rollout(environment, RolloutState.STOPPED, actor.name, reason=reason)
        elif action is RolloutAction.COMPLETE:
            _check_sound(current.version)
            _complete(environment, current, actor.name, reason, figures_in(current))
        else:
            _check_sound(current.version)
            _resume(environment, current, actor.name, reason)
    return find_environment(actor, slug)


def _check_reason(rollout: Rollout, action: RolloutAction, reason: str) -> None:
    if rollout.state == RolloutState.HALTED and action is not RolloutAction.STOP and not reason:
        raise InvalidInputError(
            "A reason is needed.", hint="Say why the failures are no reason to stop.", path="reason"
        )


def _check_sound(version: Version) -> None:
    wrong = unsound(version)
    if wrong:
        raise ConflictError(f"{wrong}.", hint="Release or repair it first.")


def _resume(environment: Environment, rollout: Rollout, actor: str, reason: str) -> None:
    plan = plan_of(rollout)
    Rollout.objects.filter(pk=rollout.pk).update(
        state=RolloutState.PILOT,
        before=environment.active,
        started_at=timezone.now(),
        ended_at=None,
        message="",
        **_numbers(Figures()),
    )
    record_version(
        EventName.ROLLOUT_STARTED, rollout.version, actor, reason=reason, resumed=True, who=plan.who, until=plan.until
    )


def set_active(actor: Actor, slug: str, number: int, *, reason: str, seen: int | None = None) -> Environment:
    """Let the name of an environment stand for one of its published versions, with a reason.

    `seen` is the number of the active version that the caller saw, 0 for none; None does not compare. It ends an
    open roll-out: as completed if it is the one of this version.
    """
    version = find_version(actor, slug, number)
    check_right(actor, Right.REVIEW)
    reason = check_text(reason, "reason")
    if not reason:
        raise InvalidInputError("A reason is needed.", hint="Say why people should get this version.", path="reason")
    with transaction.atomic():
        environment = locked_environment(version.environment_id)
        before = environment.active.number if environment.active else None
        version.refresh_from_db(fields=["status", "health"])
        _check_choice(environment, version, seen)
        rollout = environment.rollout
        own = rollout is not None and rollout.version_id == version.pk
        point_to(environment, version)
        state = RolloutState.COMPLETED if own else RolloutState.STOPPED
        end_rollout(environment, state, actor.name, reason=reason)
        Rollout.objects.filter(version=version, state__in=HELD_BACK).update(state=RolloutState.COMPLETED)
        record_active(environment, before, actor.name, reason)
        base_moved(environment)
    return find_environment(actor, slug)


def _check_choice(environment: Environment, version: Version, seen: int | None) -> None:
    active = environment.active.number if environment.active else 0
    if seen is not None and seen != active:
        now = f"{environment.slug}@{active}" if active else "no version"
        raise ConflictError(f"{environment.slug} means {now} now.", hint="Load the page again.")
    if version.status != Status.PUBLISHED:
        raise ConflictError(
            f"{version.reference} is {version.status}; a name stands for a published version.",
            hint="Choose a published one, or restore this one first.",
        )
    if version.number == active:
        raise ConflictError(f"{environment.slug} means {version.reference} already.", hint="Choose another version.")
    _check_sound(version)
