"""The end of a version's lifecycle: deprecate, restore, retire; and quarantine and release at any time."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.events import EventName
from assay.core.lifecycle import Action, Health, Status, decide, launchable
from assay.core.review.decision import check_text
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_reference, find_version, version_state
from assay.store.models import Version
from assay.store.reads.health import open_entry
from assay.store.reads.impact import Impact, impact_of, running_in
from assay.store.transitions import move, set_health


def deprecate(
    actor: Actor,
    slug: str,
    number: int,
    *,
    reason: str,
    successor: str = "",
    ends_at: datetime | None = None,
) -> Version:
    """Deprecate a published version, with the reason, the version to use instead, and the planned end.

    At the end it is retired, and its successor follows it. Raises InvalidInputError for an end that is over.
    """
    version = find_version(actor, slug, number)
    decide(Action.DEPRECATE, version_state(version), actor, words=reason)
    reason = check_text(reason, "reason")
    if ends_at is not None and ends_at <= timezone.now():
        raise InvalidInputError("The end is over already.", hint="Choose a later day, or none.", path="ends")
    if successor:
        successor = _successor(find_reference(actor, successor, path="successor"))
    if successor == version.reference:
        raise InvalidInputError("It cannot replace itself.", hint="Name another version.", path="successor")
    move(
        version,
        Status.DEPRECATED,
        event=EventName.VERSION_DEPRECATED,
        actor=actor.name,
        detail={"reason": reason, "successor": successor},
        changes={"reason": reason, "successor": successor, "ends_at": ends_at, "end_reminded": None},
    )
    return version


def _successor(version: Version) -> str:
    """Return the reference of a successor. Raises InvalidInputError for a version that not everyone may launch."""
    if not launchable(Status(version.status), Health(version.health)):
        word = version.health if version.health == Health.QUARANTINED else version.status
        raise InvalidInputError(
            f"{version.reference} is {word}; people could not launch it.",
            hint="Name a published version.",
            path="successor",
        )
    return version.reference


def restore(actor: Actor, slug: str, number: int) -> Version:
    """Publish a deprecated version again."""
    version = find_version(actor, slug, number)
    decide(Action.RESTORE, version_state(version), actor)
    move(
        version,
        Status.PUBLISHED,
        event=EventName.VERSION_RESTORED,
        actor=actor.name,
        changes={"reason": "", "successor": "", "ends_at": None, "end_reminded": None},
    )
    return version


def ending_impact(actor: Actor, slug: str, number: int) -> Impact:
    """Return what retiring a version would affect. Raises ForbiddenError for anybody but an administrator."""
    version = find_version(actor, slug, number)
    check_right(actor, Right.ADMINISTER)
    return impact_of(version)


def retire(actor: Actor, slug: str, number: int, *, reason: str, force: bool = False) -> Version:
    """Stop new launches of a deprecated version for good. Raises ConflictError while it is used, unless forced."""
    version = find_version(actor, slug, number)
    decide(Action.RETIRE, version_state(version), actor, words=reason)
    running = running_in(version).total
    if running and not force:
        raise ConflictError(
            f"{running} {'server or run uses' if running == 1 else 'servers and runs use'} it now.",
            hint="Wait until they end, or force it.",
        )
    move(
        version,
        Status.RETIRED,
        event=EventName.VERSION_RETIRED,
        actor=actor.name,
        detail={"reason": check_text(reason, "reason"), "running": running},
        changes={"reason": reason},
    )
    return version


def quarantine(actor: Actor, slug: str, number: int, *, reason: str) -> Version:
    """Stop new launches of a version at once, in any status. Raises ConflictError for a quarantined one."""
    version = find_version(actor, slug, number)
    check_right(actor, Right.ADMINISTER)
    if version.health == Health.QUARANTINED:
        raise ConflictError(f"{version.reference} is quarantined already.", hint="Release it first.")
    if not reason.strip():
        raise InvalidInputError("A reason is needed.", hint="Say what was found.", path="reason")
    set_health(
        version,
        Health.QUARANTINED,
        event=EventName.VERSION_QUARANTINED,
        actor=actor.name,
        reason=check_text(reason, "reason"),
    )
    return version


def release(actor: Actor, slug: str, number: int, *, reason: str) -> Version:
    """Lift a quarantine, with a reason; the version stays at "attention" while it has an open health entry."""
    version = find_version(actor, slug, number)
    check_right(actor, Right.ADMINISTER)
    if version.health != Health.QUARANTINED:
        raise ConflictError(f"It is not quarantined; its health is {version.health}.", hint="Load the page again.")
    if not reason.strip():
        raise InvalidInputError("A reason is needed.", hint="Say why it is safe again.", path="reason")
    set_health(
        version,
        Health.ATTENTION if open_entry(version) else Health.OK,
        event=EventName.VERSION_RELEASED,
        actor=actor.name,
        reason=check_text(reason, "reason"),
    )
    return version
