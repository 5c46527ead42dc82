"""What the name of an environment stands for: its active version. Every change of it goes through here."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from assay.core.events import AUTOMATIC, EventName
from assay.core.lifecycle import Health, Status
from assay.core.maintenance.rollout import HELD_BACK, OPEN, Candidate, RolloutState, fall_back
from assay.store.audit_log import record
from assay.store.models import Environment, Event, Rollout, Version
from assay.store.sort_columns import write_shown


def locked_environment(pk: int) -> Environment:
    """Return an environment with its active version and its roll-out, locked until the transaction ends."""
    Environment.objects.select_for_update().get(pk=pk)
    return Environment.objects.select_related("active", "rollout__version", "workspace").get(pk=pk)


def point_to(environment: Environment, version: Version | None) -> None:
    """Let the name stand for a version. The caller holds the lock and records why."""
    row = Environment.objects.filter(pk=environment.pk)
    row.update(active=version, updated_at=timezone.now())
    write_shown(row)
    environment.active = version


def record_active(environment: Environment, before: int | None, actor: str, reason: str) -> None:
    """Record that the name stands for another version than `before`, a number or None."""
    active = environment.active
    _record(
        EventName.ENVIRONMENT_ACTIVE_SET,
        environment,
        active.number if active else None,
        actor,
        {"from": before, "to": active.number if active else None, "reason": reason},
    )


def end_rollout(
    environment: Environment,
    state: RolloutState,
    actor: str,
    *,
    reason: str = "",
    **detail: Any,  # noqa: ANN401
) -> None:
    """End the open roll-out of an environment as completed or stopped, and record it. None is no error."""
    rollout = environment.rollout
    if rollout is None or rollout.state not in OPEN:
        return
    ended = Rollout.objects.filter(pk=rollout.pk, state=rollout.state)
    ended.update(state=state, ended_at=timezone.now(), message=reason)
    Environment.objects.filter(pk=environment.pk).update(rollout=None)
    environment.rollout = None
    completed = state is RolloutState.COMPLETED
    name = EventName.ROLLOUT_COMPLETED if completed else EventName.ROLLOUT_STOPPED
    _record(name, environment, rollout.version.number, actor, {"reason": reason, **detail} if reason else detail)


def keep_active_valid(version: Version, to: Status) -> None:
    """Follow the change of a version's status: end its roll-out, and keep the name on a version that is in use.

    The name leaves its version only when that is retired, or deprecated while another one is published. Restoring
    a version brings the name back only if nothing but its deprecation had taken it away.
    """
    environment = locked_environment(version.environment_id)
    rollout = environment.rollout
    if rollout is not None and rollout.version_id == version.pk and to is not Status.PUBLISHED:
        end_rollout(environment, RolloutState.STOPPED, AUTOMATIC, reason=f"{version.reference} is {to}.")
    if to is Status.PUBLISHED and _was_taken_from(environment, version):
        before = environment.active.number if environment.active else None
        point_to(environment, version)
        record_active(environment, before, AUTOMATIC, f"{version.reference} is restored.")
    repair(environment)


def repair(environment: Environment) -> None:
    """Move the name to the newest version in use, if its own is no longer published; record a move."""
    active = environment.active
    if active is not None and active.status == Status.PUBLISHED:
        return
    versions = environment.versions.filter(status__in=[Status.PUBLISHED, Status.DEPRECATED])
    found = {one.number: one for one in versions.select_related("rollout", "lock").defer("lock__text")}
    number = fall_back(_candidate(one) for one in found.values())
    best = found[number] if number is not None else None
    if active is not None and active.status == Status.DEPRECATED and (best is None or best.status == active.status):
        return
    if best == active:
        return
    point_to(environment, best)
    before = active.number if active else None
    why = f"{environment.slug}@{before} is {active.status}." if active else f"{environment.slug}@{number} is in use."
    record_active(environment, before, AUTOMATIC, why)


def _candidate(version: Version) -> Candidate:
    rollout = getattr(version, "rollout", None)
    return Candidate(
        number=version.number,
        status=Status(version.status),
        held_back=rollout is not None and rollout.state in HELD_BACK,
        sound=version.health != Health.QUARANTINED and (version.lock is None or version.lock.drift is None),
    )


def _was_taken_from(environment: Environment, version: Version) -> bool:
    """Return whether the last move of the name was away from this version because that was deprecated."""
    events = Event.objects.filter(workspace_id=environment.workspace_id, environment=environment.slug)
    moved = [EventName.ENVIRONMENT_ACTIVE_SET, EventName.VERSION_PUBLISHED, EventName.ROLLOUT_COMPLETED]
    last = events.filter(name__in=moved).order_by("-sequence").first()
    if last is None or last.name != EventName.ENVIRONMENT_ACTIVE_SET or last.actor != AUTOMATIC:
        return False
    ended = events.filter(name=EventName.VERSION_RETIRED, number=version.number, sequence__gt=last.sequence)
    return last.detail.get("from") == version.number and not ended.exists()


def _record(
    name: EventName, environment: Environment, number: int | None, actor: str, detail: dict[str, Any]
) -> None:
    record(
        name,
        workspace_id=environment.workspace_id,
        actor=actor,
        environment=environment.slug,
        number=number,
        detail=detail,
    )
