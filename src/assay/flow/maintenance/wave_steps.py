"""The steps of waves: the worker drafts, builds and submits each target; a step is one transaction.

A target's new version belongs to the owner of its environment, so that whoever started the wave can review it; the
events name who started it. Only its state says what is next, so a killed worker repeats or loses nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from assay.core.comparison.diff import Change
from assay.core.errors import AssayError, ConflictError, ForbiddenError
from assay.core.events import AUTOMATIC
from assay.core.fair_queue import next_in_queue
from assay.core.lifecycle import ACTIVE_BUILD, BuildState, Status
from assay.core.maintenance.wave_plan import OPEN, Target, target_may_move
from assay.core.roles import Actor, Right
from assay.flow.access import actor_by
from assay.flow.assess.assess import verdict
from assay.flow.build.build import MAX_CONCURRENT, request_build
from assay.flow.compose.draft import remove_draft, start_on_base
from assay.flow.maintenance.waves import check_base, end_wave
from assay.flow.review.review import submit
from assay.store.models import Build, Membership, Submission, Version, Wave, WaveTarget
from assay.store.reads.compared_versions import changes_against

MOST_BUILDS = max(1, MAX_CONCURRENT // 2)  # builds of all waves at a time; the others are for people
MAX_MESSAGE = 2000  # characters of a failure


class _ChangedError(Exception):
    """Somebody else changed the target meanwhile: the wave was stopped, or another worker was faster."""


def advance() -> bool:
    """Advance every running wave by one step. Return whether any runs."""
    _follow_people()
    _delete_left_drafts()
    waves = Wave.objects.filter(state="running").select_related("base__environment__active", "by")
    running = [wave for wave in waves.order_by("pk") if _base_holds(wave)]
    for wave in running:
        for target in _targets(wave).filter(state__in=[Target.BUILDING, Target.BUILT]):
            with suppress(_ChangedError):
                if target.state == Target.BUILDING:
                    _follow_build(target)
                else:
                    _submit(wave, target)
    ready = {key: wave for wave in running for key in _ready(wave)}
    for key in _admitted(ready):
        with suppress(_ChangedError):
            _begin(ready[key], _targets(ready[key]).get(pk=key))
    for wave in running:
        if not WaveTarget.objects.filter(wave=wave, state__in=OPEN).exists():
            end_wave(wave, "done", AUTOMATIC)
    return bool(running)


def _targets(wave: Wave) -> QuerySet[WaveTarget]:
    return WaveTarget.objects.filter(wave=wave).select_related(
        "source__environment__active__base",
        "source__environment__workspace",
        "source__base__environment__active__environment",
        "source__lock",
        "draft__environment",
        "draft__build",
        "draft__lock",
        "draft__base__environment",
        "draft__base__base",
    )


def _base_holds(wave: Wave) -> bool:
    """Return whether a wave goes on; stop one whose base cannot be a base any more."""
    try:
        check_base(wave.base)
    except ConflictError as error:
        end_wave(wave, "stopped", AUTOMATIC, message=error.detail)
        return False
    return True


def _move(target: WaveTarget, state: Target, **columns: Any) -> None:  # noqa: ANN401 - column values
    """Change the state of a target by compare-and-set. Raises _ChangedError, which undoes the step."""
    rows = WaveTarget.objects.filter(pk=target.pk, state=target.state)
    may_move = target_may_move(Target(target.state), state)
    if not may_move or not rows.update(state=state, updated_at=timezone.now(), **columns):
        raise _ChangedError
    target.state = state


def _fail(target: WaveTarget, message: str) -> None:
    _move(target, Target.FAILED, message=message[:MAX_MESSAGE])


def _ready(wave: Wave) -> list[int]:
    """Return the queued targets that may start, the lowest level first; fail those whose base was not updated."""
    columns = ("pk", "state", "source__environment_id", "source__base__environment_id")
    rows = list(WaveTarget.objects.filter(wave=wave).order_by("level", "pk").values_list(*columns))
    states = {environment: state for _, state, environment, _ in rows}
    ready: list[int] = []
    for key, state, _, base in rows:
        if state != Target.QUEUED:
            continue
        above = states.get(base, Target.PUBLISHED)  # a base outside the wave is there already
        if above == Target.PUBLISHED:
            ready.append(key)
        elif above in {Target.FAILED, Target.STOPPED}:
            target = _targets(wave).get(pk=key)
            slug = target.source.base.environment.slug if target.source.base else ""
            with suppress(_ChangedError):
                _fail(target, f"Its base {slug} was not updated. Mend that, then retry.")
    return ready


def _admitted(ready: dict[int, Wave]) -> list[int]:
    """Return the targets to start now: people's builds go first, and waves take turns."""
    building = WaveTarget.objects.filter(state=Target.BUILDING, wave__state="running").values_list("wave", flat=True)
    running: dict[int, int] = {}
    for wave in building:
        running[wave] = running.get(wave, 0) + 1
    places = MAX_CONCURRENT - Build.objects.filter(state__in=ACTIVE_BUILD).count()
    free = max(0, min(places, MOST_BUILDS - len(building)))
    return next_in_queue([(key, wave.pk) for key, wave in ready.items()], running=running, served={}, free=free)


def _begin(wave: Wave, target: WaveTarget) -> None:
    """Draft the new version of a target and queue its build. A draft stays where the build cannot be queued."""
    with transaction.atomic():
        active, base = target.source.environment.active, _base_for(wave, target)
        if active is None:
            _fail(target, "Its environment has no active version any more.")
            return
        if active.pk != target.source_id:  # somebody published another version since the wave began
            WaveTarget.objects.filter(pk=target.pk).update(source=active)
            target = _targets(wave).get(pk=target.pk)
            base = _base_for(wave, target)
        if base is None or active.base is None:
            _fail(target, f"{active.reference} has no base any more.")
            return
        if active.base.environment_id == base.environment_id and active.base.number >= base.number:
            _move(target, Target.PUBLISHED, message=f"{active.reference} builds on it already.")
            return
        try:
            with transaction.atomic():
                draft, actor = _draft(wave, target, base)
        except AssayError as error:
            _fail(target, f"{error.detail} {error.hint}".strip())
            return
        try:
            with transaction.atomic():
                request_build(actor, draft.environment.slug, draft.number)
        except AssayError as error:
            _fail(target, f"{error.detail} {error.hint}".strip())
            return
        _move(target, Target.BUILDING, message="")


def _base_for(wave: Wave, target: WaveTarget) -> Version | None:
    """Return the version to build a target on: the wave's base, or what the wave published of its own base."""
    old = target.source.base
    if old is None or old.environment_id == wave.base.environment_id:
        return wave.base if old is not None else None
    above = WaveTarget.objects.filter(wave=wave, source__environment_id=old.environment_id, state=Target.PUBLISHED)
    found = above.select_related("draft__environment").first()
    return found.draft if found and found.draft else old.environment.active


def _draft(wave: Wave, target: WaveTarget, base: Version) -> tuple[Version, Actor]:
    """Return the draft of a target and who acts on it: the one of an earlier try, else a new one."""
    known = target.draft
    if known is not None and known.status == Status.DRAFT and known.base_id == base.pk:
        return known, _actor(wave, known.author_id)
    actor = _author(wave, target)
    detail: dict[str, object] = {"wave": wave.pk, "note": f"on the base {base.reference}"}
    draft = start_on_base(actor, target.source, base, detail | _rule(wave))
    WaveTarget.objects.filter(pk=target.pk).update(draft=draft, changes={})
    return draft, actor


def _rule(wave: Wave) -> dict[str, object]:
    return {"rule": "rebase_automatically"} if wave.automatic else {}


def _author(wave: Wave, target: WaveTarget) -> Actor:
    """Return the owner of a target's environment, or who started the wave if the owner left."""
    for person in (target.source.environment.owner_id, wave.by_id):
        try:
            return _actor(wave, person)
        except ForbiddenError as error:
            refusal = error
    raise refusal


def _actor(wave: Wave, person: int) -> Actor:
    """Return a person who composes in the workspace, under the name of who started the wave for events.

    Raises ForbiddenError for a person who left or may not compose.
    """
    rows = Membership.objects.filter(workspace_id=wave.workspace_id, person_id=person, person__is_active=True)
    membership = rows.select_related("person").first()
    actor = actor_by(membership.person, membership) if membership else None
    if actor is None or not actor.has(Right.COMPOSE):
        raise ForbiddenError("Its owner may not compose here.", hint="Give it another owner, then retry.")
    return replace(actor, name=AUTOMATIC if wave.automatic else wave.by.get_username())


def _follow_build(target: WaveTarget) -> None:
    """Take over the outcome of a target's build, or what a person did to the draft meanwhile."""
    draft = target.draft
    if draft is None:
        _fail(target, "Its draft was deleted.")
    elif draft.status == Status.PENDING:
        _move(target, Target.SUBMITTED)
    elif draft.status != Status.DRAFT:
        _move(target, Target.PUBLISHED)
    elif draft.build is None:
        _fail(target, f"{draft.reference} was edited. Build and submit it, or retry.")
    elif not draft.build.active:
        _take_outcome(target, draft, draft.build)


def _take_outcome(target: WaveTarget, draft: Version, build: Build) -> None:
    if build.state == BuildState.BUILT and draft.lock is not None:
        _move(target, Target.BUILT, message="", changes=_changes(target, draft))
    elif build.failure:
        resolving = build.failure["step"] == BuildState.RESOLVING
        base = draft.base.reference if draft.base else ""
        start = f"It does not resolve on {base}" if resolving else f"The build failed while {build.failure['step']}"
        _fail(target, f"{start}: {build.failure['detail']} {build.failure['hint']}".strip())
    else:
        _fail(target, "Its build was cancelled.")


def _changes(target: WaveTarget, draft: Version) -> dict[str, int]:
    """Return the counts of changed libraries and of open findings."""
    found, judged = changes_against(draft, target.source), verdict(draft)
    return {
        "added": found.counts[Change.ADDED],
        "removed": found.counts[Change.REMOVED],
        "changed": found.altered,
        "blocking": len(judged.blocking),
        "warnings": len(judged.warnings),
    }


def _submit(wave: Wave, target: WaveTarget) -> None:
    """Submit a built draft; the workspace's rule may publish it at once."""
    draft = target.draft
    if draft is None or draft.status != Status.DRAFT or draft.lock is None:
        _follow_build(target)
        return
    base = draft.base.reference if draft.base else ""
    note = f"Update to the base {base}, in wave {wave.pk} on {wave.base.reference}."
    try:
        with transaction.atomic():
            actor = _actor(wave, draft.author_id)
            version = submit(actor, draft.environment.slug, draft.number, note)
            _move(target, Target.PUBLISHED if version.status == Status.PUBLISHED else Target.SUBMITTED, message="")
    except AssayError as error:
        _fail(_targets(wave).get(pk=target.pk), f"{error.detail} {error.hint}".strip())


def _follow_people() -> None:
    """Follow what people did to the new versions, also after a wave: approved, rejected, mended and submitted."""
    waiting = Q(state=Target.SUBMITTED) & (Q(draft=None) | ~Q(draft__status=Status.PENDING))
    mended = Q(state=Target.FAILED) & Q(draft__isnull=False) & ~Q(draft__status=Status.DRAFT)
    for target in WaveTarget.objects.filter(waiting | mended).select_related("draft"):
        with suppress(_ChangedError):
            _follow_person(target, target.draft)


def _follow_person(target: WaveTarget, draft: Version | None) -> None:
    if draft is None:
        _fail(target, "Its draft was deleted.")
    elif draft.status == Status.PENDING:
        _move(target, Target.SUBMITTED, message="")
    elif draft.status == Status.DRAFT:
        outcome = Submission.objects.filter(version=draft).order_by("-round").values_list("outcome", flat=True)
        _fail(target, f"The submission was {outcome.first()}.")
    else:
        _move(target, Target.PUBLISHED, message="")


def _delete_left_drafts() -> None:
    """Delete the drafts that stopped waves left, where that was chosen, except those that somebody edited."""
    left = WaveTarget.objects.filter(wave__delete_drafts=True, state=Target.STOPPED, draft__status=Status.DRAFT)
    rows = left.select_related("wave__by", "source", "draft__environment", "draft__build", "draft__lock")
    for target in rows.defer("draft__lock__text"):
        draft = target.draft
        if draft is None or (draft.build is not None and draft.build.active):
            continue
        if draft.parsed_spec.libraries == target.source.parsed_spec.libraries:
            remove_draft(draft, target.wave.by.get_username())
        else:
            WaveTarget.objects.filter(pk=target.pk).update(draft=None)
