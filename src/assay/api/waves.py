"""`/environments/{slug}/rebase` and `/waves`: rebase what builds on a base on its newer version."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router, Status
from pydantic import Field

from assay.api.access import Caller, needs, raises
from assay.api.pagination import Cursor, Limit
from assay.api.schemas import Body, example
from assay.core.errors import ConflictError, InvalidInputError
from assay.core.roles import Actor, Right
from assay.core.spec import REFERENCE
from assay.flow.access import find_environment, find_reference
from assay.flow.maintenance import waves
from assay.store.models import Version, Wave
from assay.store.reads.waves import (
    TargetRow,
    WaveRow,
    count_states,
    may_see_whole,
    target_rows,
    visible_targets,
    wave_row,
    wave_rows,
)

router = Router(tags=["Waves"])
SKIPPED = 100  # skipped environments that a wave lists


class RebaseIn(Body):
    """The version to rebase on, and the environments to update; all that are behind when `targets` is left out.

    `base` is the active version of its environment when it is left out.
    """

    model_config = example({"base": "ds101@4", "targets": ["geo", "tiles"]})

    base: str = ""
    targets: list[str] | None = Field(default=None, max_length=waves.MOST_TARGETS)


class StopIn(Body):
    """What happens to the drafts that the wave leaves: they are kept, or deleted unless somebody edited them."""

    model_config = example({"delete_drafts": True})

    delete_drafts: bool = False


def _base_of(actor: Actor, slug: str, reference: str) -> Version:
    """Return the base: of the environment in the path unless another one is named. Raises ConflictError."""
    environment = find_environment(actor, slug)
    if reference:
        return find_reference(actor, reference, path="base")
    if environment.active is None:
        raise ConflictError(f"{slug} has no active version.", hint="Publish one first.")
    return find_reference(actor, f"{slug}@{environment.active.number}")


@router.get("/environments/{slug}/rebase", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def plan(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """Show what rebasing on the active version of a base would update and skip.

    Members who do not review see what they own. Nothing is started.
    """
    base = _base_of(request.actor, slug, "")
    waves.check_base(base)
    found = waves.plan_for(request.actor, base)
    return {
        "base": base.reference,
        "targets": [
            {
                "environment": one.derived.environment,
                "version": one.derived.number,
                "base": one.derived.base_reference,
                "owner": one.derived.owner,
                "level": one.level,
                "waits_for": one.waits_for or None,
            }
            for one in found.targets
        ],
        "skipped": [
            {
                "environment": one.derived.environment,
                "version": one.derived.number,
                "base": one.derived.base_reference,
                "owner": one.derived.owner,
                "level": one.level,
                "reason": one.reason,
                "words": one.words,
                "selectable": one.may_include,
            }
            for one in found.skipped
        ],
    }


@router.post("/environments/{slug}/rebase", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def rebase(request: Caller, workspace: str, slug: str, body: RebaseIn) -> Status[dict[str, Any]]:
    """Start a wave: draft, build and submit what builds on a base.

    `slug` is the environment of the base, or one environment to rebase on `base`; then `targets` is left out.
    Reviewers may name every environment, other members those that they own. 409 when `base` is not the active
    version of its environment, or nothing is behind it.
    """
    base = _base_of(request.actor, slug, body.base)
    targets = body.targets
    if base.environment.slug != slug:
        if targets is not None:
            raise InvalidInputError(
                f"{base.reference} is no version of {slug}, so {slug} is the one to rebase.",
                hint=f"Leave targets out, or use /environments/{base.environment.slug}/rebase.",
                path="targets",
            )
        targets = [slug]
    if targets == []:
        raise InvalidInputError("No environment is named.", hint="Leave targets out for all.", path="targets")
    return Status(202, {"wave": waves.start_wave(request.actor, base.reference, targets).pk})


@router.get("/waves", response=dict[str, Any])
@needs(Right.SEE)
def list_waves(
    request: Caller, workspace: str, base: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """List waves, newest first.

    Reviewers see all, others those that they started or that update an environment of theirs. `base` is the name
    of an environment.
    """
    name = found[1] if (found := REFERENCE.fullmatch(base)) else base
    page = wave_rows(request.actor, base=name, limit=limit, cursor=cursor)
    return {"items": [wave_document(one) for one in page.rows], "next": page.next or None}


@router.get("/waves/{wave}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, wave: int, limit: Limit = 100, cursor: Cursor = "") -> dict[str, Any]:
    """Show a wave with its environments, those that need attention first.

    `counts` are its environments by state. Only reviewers and who started it see those of other owners.
    """
    return _shown(request.actor, waves.find_wave(request.actor, wave), limit, cursor)


@router.post("/waves/{wave}/stop", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def stop(request: Caller, workspace: str, wave: int, body: StopIn) -> dict[str, Any]:
    """Stop a wave.

    No new drafts start, and running builds are cancelled. What was submitted or published stays. 409 when it has
    ended.
    """
    found = waves.stop_wave(request.actor, wave, delete_drafts=body.delete_drafts)
    return _shown(request.actor, found)


@router.post("/waves/{wave}/retry", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def retry(request: Caller, workspace: str, wave: int) -> dict[str, Any]:
    """Retry the failed environments of a wave.

    Drafts that somebody edited are built as they are. 409 when none failed, the wave is stopped, or the base is not
    the active version any more.
    """
    return _shown(request.actor, waves.retry_failed(request.actor, wave))


def _shown(actor: Actor, wave: Wave, limit: int = 100, cursor: str = "") -> dict[str, Any]:
    targets = visible_targets(actor, wave)
    page = target_rows(actor, targets, limit=limit, cursor=cursor)
    skipped = wave.skipped if may_see_whole(actor, wave) else []
    return wave_document(wave_row(wave, count_states(targets))) | {
        "message": wave.message,
        "skipped": skipped[:SKIPPED],
        "skipped_count": len(skipped),
        "items": [_target(one) for one in page.rows],
        "next": page.next or None,
    }


def wave_document(row: WaveRow) -> dict[str, Any]:
    """Return a wave as a row of a list."""
    return asdict(row) | {"targets": row.targets}


def _target(row: TargetRow) -> dict[str, Any]:
    return {
        "environment": row.slug,
        "version": row.source,
        "owner": row.owner,
        "level": row.level,
        "state": row.state,
        "message": row.message,
        "waits_for": row.waits_for or None,
        "draft": row.draft or None,
        "build": row.build if row.build and row.may_open else None,
        "changes": row.changes,
        "updated": row.updated,
    }
