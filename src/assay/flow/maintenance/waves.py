"""Waves: update everything that builds on a base to a newer version of it; start, stop and retry one.

A wave is rows: `flow.maintenance.wave_steps` advances them, and continues after a crash where they stand.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.events import AUTOMATIC, EventName
from assay.core.lifecycle import Health, Status, Use, check_use
from assay.core.maintenance.wave_plan import OPEN, Target, WavePlan, counts_in_words, plan_wave
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_reference
from assay.flow.build.build import end_soon
from assay.flow.build.wakeup import wake_worker
from assay.store.audit_log import record_version
from assay.store.models import Build, Environment, Version, Wave, WaveTarget, Workspace
from assay.store.reads.behind import derived_in
from assay.store.reads.waves import count_states, visible_waves

MOST_TARGETS = 5000  # environments in one wave
NAMED = 100  # environments that an event names


def plan_for(actor: Actor, base: Version, chosen: Collection[str] | None = None) -> WavePlan:
    """Return what a wave on a base would update and skip. Raises InvalidInputError for what is not built on it.

    Members who do not review see and choose only the environments that they own.
    """
    found = derived_in(actor.workspace_id)
    if not actor.has(Right.REVIEW):
        chosen = _own(actor, chosen)
    plan = plan_wave(base.environment.slug, base.number, found, chosen)
    if not actor.has(Right.REVIEW):
        own = tuple(one for one in plan.skipped if one.derived.environment in set(chosen or ()))
        plan = replace(plan, skipped=own)
    known = {one.derived.environment for one in plan.targets} | {one.derived.environment for one in plan.skipped}
    unknown = sorted(set(chosen or ()) - known) if actor.has(Right.REVIEW) else []
    if unknown:
        raise InvalidInputError(
            f"{unknown[0][:40]} does not build on {base.environment.slug}.",
            hint="Name environments that build on it.",
            path="targets",
        )
    return plan


def _own(actor: Actor, chosen: Collection[str] | None) -> Collection[str]:
    """Return the chosen environments, all the actor's for None. Raises ForbiddenError for one of somebody else."""
    own = Environment.objects.filter(workspace_id=actor.workspace_id, owner_id=actor.id)
    mine = set(own.values_list("slug", flat=True))
    if chosen is not None and not set(chosen) <= mine:
        raise ForbiddenError("Only its owner or a reviewer may update it.", hint="Ask the owner of the environment.")
    return mine if chosen is None else chosen


def start_wave(actor: Actor, reference: str, targets: Collection[str] | None = None) -> Wave:
    """Start a wave on the active version of a base, for these environments, None for all that build on it.

    Raises ConflictError when the version is not the active one or nothing is behind it.
    """
    check_right(actor, Right.COMPOSE)
    base = find_reference(actor, reference, path="base")
    check_base(base)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=actor.workspace_id)  # plans do not overlap
        stop_superseded(base.environment)
        plan = plan_for(actor, base, targets)
        if not plan.targets:
            raise ConflictError(
                f"Nothing is behind {base.reference}." if not plan.skipped else plan.skipped[0].words,
                hint=f"See what builds on {base.environment.slug} and why it is skipped.",
            )
        return _create(base, plan, actor.id, actor.name)


def check_base(base: Version) -> None:
    """Raise ConflictError unless a version is the active one of its environment and can be a base."""
    check_use(Status(base.status), Health(base.health), Use.BASE)
    active = base.environment.active
    if active is None or active.pk != base.pk:
        now = f"{base.environment.slug}@{active.number}" if active else "none"
        raise ConflictError(
            f"{base.reference} is not the active version of its environment, which is {now}.", hint="Name that one."
        )


def base_moved(environment: Environment) -> Wave | None:
    """React to another active version of an environment, in the transaction that makes it active.

    Stop the waves on other versions of it. Where the workspace is set so, start a wave for all that is behind;
    return it, None when there is none.
    """
    environment = Environment.objects.select_related("workspace", "active__environment").get(pk=environment.pk)
    stop_superseded(environment)
    base = environment.active
    usable = base is not None and base.status == Status.PUBLISHED and base.health != Health.QUARANTINED
    if base is None or not usable or not environment.workspace.rebase_automatically:
        return None
    plan = plan_wave(environment.slug, base.number, derived_in(environment.workspace_id))
    return _create(base, plan, environment.owner_id, AUTOMATIC, automatic=True) if plan.targets else None


def stop_superseded(environment: Environment) -> None:
    """Stop the running waves on versions of an environment that are not its active one."""
    waves = Wave.objects.filter(base__environment=environment, state="running")
    for wave in waves.exclude(base_id=environment.active_id).select_related("base__environment", "by"):
        now = f"{environment.slug}@{environment.active.number}" if environment.active else "none"
        end_wave(wave, "stopped", AUTOMATIC, message=f"The active version of the base is {now} now.")


def _create(base: Version, plan: WavePlan, by: int, actor: str, *, automatic: bool = False) -> Wave:
    if len(plan.targets) > MOST_TARGETS:
        raise InvalidInputError(
            f"{len(plan.targets):,} environments; a wave has at most {MOST_TARGETS:,}.",
            hint="Name some of them.",
            path="targets",
        )
    now, workspace_id = timezone.now(), base.environment.workspace_id
    slugs = [one.derived.environment for one in plan.targets]
    rows = Environment.objects.filter(workspace_id=workspace_id, active__base__isnull=False)
    sources = {slug: pk for slug, pk in rows.values_list("slug", "active_id") if slug in set(slugs)}
    skipped = [
        {"environment": one.derived.environment, "reference": one.derived.reference, "reason": one.words}
        for one in plan.skipped
    ]
    wave = Wave.objects.create(
        workspace_id=workspace_id,
        base=base,
        by_id=by,
        automatic=automatic,
        state="running",
        skipped=skipped,
        created_at=now,
    )
    WaveTarget.objects.bulk_create(
        (
            WaveTarget(
                wave=wave,
                source_id=sources[one.derived.environment],
                level=one.level,
                state=Target.QUEUED,
                updated_at=now,
            )
            for one in plan.targets
        ),
        batch_size=200,
    )
    detail: dict[str, object] = {"wave": wave.pk, "targets": len(slugs), "environments": slugs[:NAMED]}
    detail |= {"rule": "rebase_automatically"} if automatic else {}
    record_version(EventName.WAVE_STARTED, base, actor, **detail)
    wake_worker()
    return wave


def stop_wave(actor: Actor, wave_id: int, *, delete_drafts: bool = False) -> Wave:
    """Stop a wave: no new drafts, its builds are cancelled; what is submitted stays.

    Its drafts stay too, or are deleted unless somebody edited them. Raises ConflictError when it has ended.
    """
    wave = find_wave(actor, wave_id)
    _check_may_change(actor, wave)
    if not end_wave(wave, "stopped", actor.name, message=f"{actor.name} stopped it.", delete_drafts=delete_drafts):
        raise ConflictError(f"The wave is {wave.state}.", hint="Load the page again.")
    return find_wave(actor, wave_id)


def end_wave(wave: Wave, state: str, actor: str, *, message: str = "", delete_drafts: bool = False) -> bool:
    """End a running wave as `done` or `stopped`, with its event. Return False when it has ended already."""
    now = timezone.now()
    with transaction.atomic():
        changes = {"state": state, "message": message, "delete_drafts": delete_drafts, "ended_at": now}
        if not Wave.objects.filter(pk=wave.pk, state="running").update(**changes):
            return False
        unfinished = WaveTarget.objects.filter(wave=wave, state__in=OPEN)
        builds = list(Build.objects.filter(version__wave_targets__in=unfinished, finished_at=None).distinct())
        unfinished.update(state=Target.STOPPED, message=message, updated_at=now)
        for build in builds:
            end_soon(build)
        counts = count_states(WaveTarget.objects.filter(wave=wave))
        words = f"{counts_in_words(counts)}. {message}".strip()
        detail = {"wave": wave.pk, "state": state, "starter": wave.by.get_username(), "summary": words}
        record_version(EventName.WAVE_ENDED, wave.base, actor, **detail, counts=counts)
        wake_worker()
    return True


def retry_failed(actor: Actor, wave_id: int) -> Wave:
    """Queue the failed targets of a wave again; a wave that is done runs again. Raises ConflictError if none."""
    wave = find_wave(actor, wave_id)
    _check_may_change(actor, wave)
    check_base(wave.base)
    if wave.state == "stopped":
        raise ConflictError("The wave is stopped.", hint="Start another one.")
    now = timezone.now()
    with transaction.atomic():
        failed = WaveTarget.objects.filter(wave=wave, state=Target.FAILED)
        count = failed.update(state=Target.QUEUED, message="", updated_at=now)
        if not count:
            raise ConflictError("No environment failed in this wave.", hint="Load the page again.")
        Wave.objects.filter(pk=wave.pk).update(state="running", ended_at=None)
        detail = {"wave": wave.pk, "targets": count, "retry": True}
        record_version(EventName.WAVE_STARTED, wave.base, actor.name, **detail)
        wake_worker()
    return find_wave(actor, wave_id)


def find_wave(actor: Actor, wave_id: int) -> Wave:
    """Return a wave that the actor may see. Raises NotFoundError."""
    wave = visible_waves(actor).filter(pk=wave_id).first()
    if wave is None:
        raise NotFoundError("There is no such wave.", hint="Check the number.")
    return wave


def may_change(actor: Actor, wave: Wave) -> bool:
    """Return whether an actor may stop and retry a wave: a reviewer, or the member who started it."""
    starter = wave.by_id == actor.id and not wave.automatic and actor.has(Right.COMPOSE)
    return starter or actor.has(Right.REVIEW)


def _check_may_change(actor: Actor, wave: Wave) -> None:
    if not may_change(actor, wave):
        check_right(actor, Right.REVIEW)
