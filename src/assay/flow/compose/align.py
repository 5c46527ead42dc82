"""Alignment: move one library of several published environments to the same version, where that is possible.

Each move is resolved before it is offered. The change to the spec is minimal: the library's line becomes
a pin, all other lines stay.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from assay.core.comparison.diff import ComparedVersion, Row, compare
from assay.core.errors import AssayError, ConflictError, InvalidInputError
from assay.core.formatting import plural
from assay.core.lifecycle import Status
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import Pin, pinned
from assay.flow.access import find_reference
from assay.flow.compose.draft import SpecInput, edit_spec, new_version
from assay.flow.compose.resolve import preview
from assay.store.models import Version
from assay.store.reads.compared_versions import compared_version

MOST = 20  # environments in one request; each is resolved


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The result of moving a library in one version.

    `reason` is why it is not possible, '' when it is. `moves` are the libraries that would change, the
    pinned one first. `draft` is the reference of the draft that was created, '' for none.
    """

    reference: str
    reason: str = ""
    moves: tuple[Row, ...] = ()
    draft: str = ""

    @property
    def possible(self) -> bool:
        """Whether the move is possible."""
        return not self.reason


def propose(actor: Actor, pin: Pin, references: Sequence[str], *, create: bool = False) -> list[Proposal]:
    """Resolve each move in the given order; with `create`, start a draft of the next version for each possible one.

    An existing draft of the actor with the same libraries is returned instead. Raises InvalidInputError for no
    or too many references, and NotFoundError for a version that the actor may not see.
    """
    check_right(actor, Right.COMPOSE)
    if not 1 <= len(references) <= MOST:
        raise InvalidInputError(
            f"{plural(len(references), 'environment')}; 1 to {MOST} can be moved at a time.",
            hint="Choose fewer, and the others afterwards.",
            path="environments",
        )
    versions = [find_reference(actor, one, path="environments") for one in dict.fromkeys(references)]
    return [_proposal(actor, pin, version, create=create) for version in versions]


def _proposal(actor: Actor, pin: Pin, version: Version, *, create: bool) -> Proposal:
    try:
        _check_movable(pin, version)
        spec_input = _pinned_input(pin, version)
        moves = _moves(actor, pin, version, spec_input)
        draft = _draft(actor, version, spec_input) if create else ""
    except AssayError as error:
        return Proposal(reference=version.reference, reason=f"{error.detail} {error.hint}".strip())
    return Proposal(reference=version.reference, moves=moves, draft=draft)


def _check_movable(pin: Pin, version: Version) -> None:
    """Raise ConflictError when there is nothing to move or the version is not the newest of its environment."""
    if version.status != Status.PUBLISHED or version.environment.active_id != version.pk:
        raise ConflictError(
            f"{version.reference} is not the active version of its environment.", hint="Name that one."
        )
    locked = {one["name"]: one["version"] for one in version.lock.content["libraries"]} if version.lock else {}
    if pin.name not in locked:
        raise ConflictError(f"{version.reference} does not contain {pin.name}.")
    if pin.takes(locked[pin.name]):
        raise ConflictError(f"{version.reference} has {pin.name} {locked[pin.name]} already.")


def _pinned_input(pin: Pin, version: Version) -> SpecInput:
    spec = version.parsed_spec
    libraries = pinned(spec.libraries, pin)
    return SpecInput(base=spec.base, python=spec.python, libraries=libraries, keep=version.reference)


def _moves(actor: Actor, pin: Pin, version: Version, spec_input: SpecInput) -> tuple[Row, ...]:
    """Resolve the move and return the changed libraries. Raises ResolutionError with the conflict."""
    found = preview(actor, spec_input, turn=f"align-{uuid.uuid4()}")
    after = ComparedVersion(label="moved", lock=found.lock, direct=found.direct)
    changed = compare([compared_version(version), after]).changed
    return tuple(sorted(changed, key=lambda row: row.name != pin.name))


def _draft(actor: Actor, version: Version, spec_input: SpecInput) -> str:
    slug = version.environment.slug
    mine = Version.objects.filter(environment=version.environment, author_id=actor.id, status=Status.DRAFT)
    for one in mine.select_related("environment"):
        if one.number > version.number and one.parsed_spec.libraries == spec_input.libraries:
            return one.reference
    with transaction.atomic():
        made = new_version(actor, slug)
        edited, _ = edit_spec(actor, slug, made.number, spec_input)
    return edited.reference
