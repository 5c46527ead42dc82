"""Drafts: create an environment, start a new version, edit it, delete it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.events import EventName
from assay.core.lifecycle import Action, Health, Status, Use, check_use, decide
from assay.core.review.decision import check_text
from assay.core.review.requested_change import RequestedChange, apply_edit
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import Correction, Spec, check_slug, parse_constraints, parse_spec
from assay.flow.access import find_environment, find_reference, find_version, version_state, workspace_of
from assay.flow.paths import installed_interpreter, interpreter
from assay.store.audit_log import record, record_version
from assay.store.models import Environment, Version
from assay.store.sort_columns import write_shown
from assay.store.transitions import touch

MAX_TITLE = 200  # characters


@dataclass(frozen=True, kw_only=True)
class SpecInput:
    """An unchecked spec from a page or the API.

    `constraints` of None are not mentioned: an edit leaves those of the draft unless it changes something else.
    `only_binary` of None: an edited draft keeps its own, a new one follows the workspace.
    """

    base: str | None
    python: str | None
    libraries: tuple[str, ...]
    only_binary: bool | None = None
    keep: str | None = None
    constraints: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class CheckedSpec:
    """A checked spec with the version it builds on and the corrections that were made."""

    spec: Spec
    base: Version | None
    python: str
    corrections: tuple[Correction, ...]
    kept: Version | None = None


def check_spec_input(actor: Actor, spec_input: SpecInput, *, edited: Spec | None = None) -> CheckedSpec:
    """Check a spec against the domain rules and this installation. Raises AssayError with the path of the field.

    `edited` is the present spec of an edited draft.
    """
    base = None
    reference = spec_input.base or None
    if reference:
        base = find_reference(actor, reference, path="base")
        check_use(Status(base.status), Health(base.health), Use.BASE)
        reference = base.reference
    kept = find_reference(actor, spec_input.keep, path="keep") if spec_input.keep else None
    spec, corrections = parse_spec(
        base=reference,
        python=spec_input.python,
        libraries=spec_input.libraries,
        only_binary=_only_binary(actor, spec_input, edited),
        keep=kept.reference if kept else None,
    )
    python = base.python if base else spec.python or ""
    if base is not None or (edited is not None and edited.python == python):
        installed_interpreter(python)  # also one that is no longer offered for new environments
    else:
        interpreter(python)  # raises InvalidInputError with the offered versions
    spec = replace(spec, constraints=parse_constraints(spec_input.constraints or ()))
    return CheckedSpec(spec=spec, base=base, python=python, corrections=corrections, kept=kept)


def _only_binary(actor: Actor, spec_input: SpecInput, edited: Spec | None) -> bool:
    """Return whether a spec takes wheels only. Raises InvalidInputError for sources that the workspace forbids."""
    if spec_input.only_binary is None and edited is not None:
        return edited.only_binary
    allowed = workspace_of(actor).allow_sdists
    if spec_input.only_binary is False and not allowed:
        raise InvalidInputError(
            "This workspace builds from wheels only.",
            hint="An administrator can allow builds from source: Admin → Workspace, or "
            "`assay admin workspace --allow-sdists yes`.",
            path="only_binary",
        )
    return not allowed if spec_input.only_binary is None else spec_input.only_binary


def create_environment(
    actor: Actor, *, slug: str, title: str, description: str, tags: tuple[str, ...] = (), spec_input: SpecInput
) -> Version:
    """Create an environment with version 1 as a draft."""
    check_right(actor, Right.COMPOSE)
    check_slug(slug)
    title, description = check_title(title), check_text(description, "description")
    checked = check_spec_input(actor, spec_input)
    now = timezone.now()
    try:
        with transaction.atomic():
            environment = Environment.objects.create(
                workspace_id=actor.workspace_id,
                slug=slug,
                title=title,
                description=description,
                owner_id=actor.id,
                tags=list(tags),
                created_at=now,
                updated_at=now,
            )
            record(
                EventName.ENVIRONMENT_CREATED,
                workspace_id=actor.workspace_id,
                actor=actor.name,
                environment=slug,
                detail={"title": title},
            )
            return add_version(actor, environment, checked)
    except IntegrityError as error:
        raise ConflictError(f"The short name {slug!r} is taken.", hint="Choose another one.", path="slug") from error


def new_version(actor: Actor, slug: str) -> Version:
    """Start a draft from the active version, with the same spec; constraints of an earlier resolution end."""
    check_right(actor, Right.COMPOSE)
    environment = find_environment(actor, slug)
    active = environment.active
    if active is None:
        raise ConflictError(f"{slug} has no published version yet.", hint="Edit the draft that there is instead.")
    return start_from(actor, active, replace(active.parsed_spec, constraints=()))


def start_from(actor: Actor, origin: Version, spec: Spec) -> Version:
    """Start a draft in the environment of a version, on the same base, with a checked spec."""
    check_right(actor, Right.COMPOSE)
    spec = replace(spec, keep=origin.reference)
    checked = CheckedSpec(spec=spec, base=origin.base, python=origin.python, corrections=(), kept=origin)
    with transaction.atomic():
        return add_version(actor, origin.environment, checked, origin=origin)


def start_on_base(actor: Actor, origin: Version, base: Version, detail: dict[str, object]) -> Version:
    """Start a draft with the libraries of a version on another base; `detail` goes into its event.

    The resolution keeps the versions of `origin` that the new base allows. Raises ConflictError for an unusable base.
    """
    check_right(actor, Right.COMPOSE)
    check_use(Status(base.status), Health(base.health), Use.BASE)
    spec = replace(origin.parsed_spec, base=base.reference, python=None, keep=origin.reference, constraints=())
    checked = CheckedSpec(spec=spec, base=base, python=base.python, corrections=(), kept=origin)
    with transaction.atomic():
        return add_version(actor, origin.environment, checked, origin=origin, **detail)


def add_version(
    actor: Actor, environment: Environment, checked: CheckedSpec, origin: Version | None = None, **detail: object
) -> Version:
    """Add a draft with a checked spec, started from `origin` if there is one; `detail` goes into its event."""
    now = timezone.now()
    Environment.objects.filter(pk=environment.pk).update(last_number=F("last_number") + 1)
    environment.refresh_from_db(fields=["last_number"])
    version = Version.objects.create(
        environment=environment,
        number=environment.last_number,
        author_id=actor.id,
        status=Status.DRAFT,
        spec=checked.spec.to_dict(),
        base=checked.base,
        python=checked.python,
        created_at=now,
        updated_at=now,
    )
    row = Environment.objects.filter(pk=environment.pk)
    row.update(latest=version, updated_at=now)
    write_shown(row)
    if origin is not None:
        detail = {"from": origin.reference, **detail}
    record_version(EventName.VERSION_CREATED, version, actor.name, spec=version.spec, **detail)
    return version


def edit_spec(actor: Actor, slug: str, number: int, spec_input: SpecInput) -> tuple[Version, tuple[Correction, ...]]:
    """Edit a draft. A changed spec drops its lock, build and report; an unchanged one has no effect."""
    version = find_version(actor, slug, number)
    decide(Action.EDIT, version_state(version), actor)
    before = version.parsed_spec
    checked = check_spec_input(actor, spec_input, edited=before)
    constraints = before.constraints if spec_input.constraints is None else checked.spec.constraints
    if replace(checked.spec, constraints=constraints) == before:
        return version, checked.corrections
    with transaction.atomic():
        touch(
            version,
            spec=checked.spec.to_dict(),
            base=checked.base,
            python=checked.python,
            lock=None,
            build=None,
        )
        record_version(
            EventName.VERSION_EDITED,
            version,
            actor.name,
            before=version.spec,
            after=checked.spec.to_dict(),
        )
    return find_version(actor, slug, number), checked.corrections


def apply_requested_change(actor: Actor, slug: str, number: int, ask: RequestedChange) -> Version:
    """Apply a reviewer's requested change to a draft. Raises InvalidInputError for one that is only text."""
    version = find_version(actor, slug, number)
    decide(Action.EDIT, version_state(version), actor)
    if ask.edit is None or not ask.edit.changes_spec:
        raise InvalidInputError("There is nothing to apply.", hint="Edit the draft as requested.", path="edit")
    spec = apply_edit(version.parsed_spec, ask.name, ask.edit)
    spec_input = SpecInput(base=spec.base, python=spec.python, libraries=spec.libraries)
    return edit_spec(actor, slug, number, spec_input)[0]


def edit_description(actor: Actor, slug: str, *, title: str, description: str) -> None:
    """Change title and description. Allowed for the environment's owner and for reviewers."""
    check_right(actor, Right.COMPOSE)
    environment = find_environment(actor, slug)
    if environment.owner_id != actor.id:
        check_right(actor, Right.REVIEW)
    title, description = check_title(title), check_text(description, "description")
    if (title, description) == (environment.title, environment.description):
        return
    with transaction.atomic():
        Environment.objects.filter(pk=environment.pk).update(
            title=title, description=description, updated_at=timezone.now()
        )
        record(
            EventName.ENVIRONMENT_EDITED,
            workspace_id=actor.workspace_id,
            actor=actor.name,
            environment=slug,
            detail={"before": environment.title, "after": title},
        )


def delete_draft(actor: Actor, slug: str, number: int) -> None:
    """Delete a draft, and its environment when that has no other version. The audit log keeps its events."""
    version = find_version(actor, slug, number)
    decide(Action.DELETE, version_state(version), actor)
    remove_draft(version, actor.name)


def remove_draft(version: Version, actor: str) -> None:
    """Remove a draft without checking a right; `actor` is named in its event."""
    with transaction.atomic():
        touch(version)  # prevents a submission at the same time
        record_version(EventName.VERSION_DELETED, version, actor, spec=version.spec)
        environment = version.environment
        version.delete()
        left = environment.versions.order_by("-number").first()
        if left is None:
            environment.delete()
        else:
            row = Environment.objects.filter(pk=environment.pk)
            row.update(latest=left)
            write_shown(row)


def check_title(title: str) -> str:
    """Return a title without outer blanks. Raises InvalidInputError when it is empty or too long."""
    title = title.strip()
    if not title or len(title) > MAX_TITLE:
        raise InvalidInputError(
            "A title is needed." if not title else f"{len(title)} characters; a title has at most {MAX_TITLE}.",
            hint="Say in a few words what it is for.",
            path="title",
        )
    return title


def slug_is_free(actor: Actor, slug: str) -> bool:
    """Return whether a valid short name is free. Raises InvalidInputError for an invalid one."""
    check_slug(slug)
    return not Environment.objects.filter(workspace_id=actor.workspace_id, slug=slug).exists()
