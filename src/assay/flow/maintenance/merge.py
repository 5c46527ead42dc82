"""Merge versions: a plan that covers two to five of them, and the draft of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from assay.core.errors import AssayError, ConflictError
from assay.core.events import EventName
from assay.core.lifecycle import Health, Status, Use, check_use
from assay.core.maintenance.merge_plan import By, Choices, check_sources, plan
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_reference, workspace_of
from assay.flow.compose.draft import add_version, check_spec_input, create_environment
from assay.flow.maintenance.merge_resolution import Merged, MergePreview, Resolution, merged_tags, spec_input_of
from assay.store.audit_log import record_version
from assay.store.models import Merge, Version
from assay.store.reads.impact import PERIOD
from assay.store.reads.merge_sources import merge_sources

MOST_NAMED = 20  # references that are looked up; several may name the same version


def plan_merge(
    actor: Actor, references: Sequence[str], by: By, choices: Choices | None = None, *, resolve: bool = True
) -> MergePreview:
    """Plan the merge of two to five published versions, and resolve it with the fewest moves.

    Raises InvalidInputError for another number, NotFoundError for a version that the actor may not see, and
    ConflictError for one that is not published. Without `resolve`, only the union is planned.
    """
    check_right(actor, Right.COMPOSE)
    versions = _versions(actor, references)
    base, base_left = _common_base(versions)
    choices = choices or Choices()
    if base:
        choices = replace(choices, python="")  # the base brings its own
    since = timezone.now() - PERIOD
    sources = merge_sources(versions, base=base, since=since)
    found = MergePreview(
        plan=plan(sources, by, choices),
        versions=tuple(versions),
        base=base,
        python=base.python if base else choices.python,
        only_binary=all(one.parsed_spec.only_binary for one in versions) or not workspace_of(actor).allow_sdists,
        choices=choices,
        base_left=base_left,
    )
    return Resolution(actor, sources, found).run() if resolve and not found.plan.exclusions else found


def _versions(actor: Actor, references: Sequence[str]) -> list[Version]:
    """Return the named versions, by reference."""
    if len(references) > MOST_NAMED:
        check_sources(references)
    found = {one.pk: one for one in (find_reference(actor, name, path="versions") for name in references)}
    versions = sorted(found.values(), key=lambda one: one.reference)
    check_sources([one.reference for one in versions])
    for one in versions:
        if one.status != Status.PUBLISHED or one.lock is None:
            raise ConflictError(
                f"{one.reference} is {one.status}; only published versions can be merged.",
                hint="Choose a published version.",
                path="versions",
            )
    return versions


def _common_base(versions: Sequence[Version]) -> tuple[Version | None, str]:
    """Return the base that all versions have, and why it does not stay ('' when it does or there is none)."""
    bases = {one.base_id: one.base for one in versions}
    base = next(iter(bases.values()))
    if len(bases) > 1 or base is None:
        named = sorted(one.reference for one in bases.values() if one)
        return None, _base_words(named, of_all=None not in bases)
    try:
        check_use(Status(base.status), Health(base.health), Use.BASE)
    except AssayError as error:
        return None, f"{base.reference} does not stay the base: {error.detail} Its libraries are asked for directly."
    return base, ""


def _base_words(named: Sequence[str], *, of_all: bool) -> str:
    """Return why these bases do not stay, '' when there is none. `of_all`: every version has one of them."""
    if not named:
        return ""
    if of_all:
        return f"The bases differ: {', '.join(named)}. Their libraries are asked for directly."
    return f"Not all of them are built on {' or '.join(named)}. What it installs is asked for directly."


def create_merge(
    actor: Actor, references: Sequence[str], by: By, *, slug: str, title: str, choices: Choices | None = None
) -> Version:
    """Create the draft of a merge: a new environment, or the next version of the source that has this short name.

    The draft asks for the union and is limited to exactly the versions that were resolved. Raises ConflictError with
    the reason when the sources cannot be united, besides what `plan_merge` raises.
    """
    preview = plan_merge(actor, references, by, choices)
    merged = _resolved(preview)
    keep = max(merged.effects, key=lambda one: one.people).version
    spec_input = replace(
        spec_input_of(preview),
        keep=keep.reference if keep.python == merged.lock.python else None,
        constraints=tuple(sorted(f"{one.name}=={one.version}" for one in merged.lock.libraries)),
    )
    origin = next((one for one in preview.versions if one.environment.slug == slug), None)
    with transaction.atomic():
        if origin is None:
            made = create_environment(
                actor,
                slug=slug,
                title=title,
                description=f"Merges {', '.join(preview.plan.sources)}.",
                tags=merged_tags(preview.versions),
                spec_input=spec_input,
            )
        else:
            made = add_version(actor, origin.environment, check_spec_input(actor, spec_input), origin=origin)
        merge = Merge.objects.create(version=made, by=by, created_at=timezone.now())
        merge.sources.set(preview.versions)
        record_version(
            EventName.MERGE_DRAFTED,
            made,
            actor.name,
            sources=list(preview.plan.sources),
            by=str(by),
            left_out=sorted({one.name for one in preview.plan.unmet}),
        )
    return made


def _resolved(preview: MergePreview) -> Merged:
    """Return the result of a preview. Raises ConflictError with the reason when there is none."""
    if preview.merged is not None:
        return preview.merged
    if preview.plan.exclusions:
        raise ConflictError(
            " ".join(one.words for one in preview.plan.exclusions),
            hint="Leave the library out, or take the requirement of one version.",
            path="versions",
        )
    detail, hint = (preview.error.detail, preview.error.hint) if preview.error else ("", "")
    raise ConflictError(f"The versions cannot be merged: {detail}", hint=hint, path="versions")
